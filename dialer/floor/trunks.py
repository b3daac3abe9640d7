"""Which trunk a call goes over: one that is plainly dead is avoided until a call that tries it gets through.

| state | what is seen | next state |
|---|---|---|
| ``ok`` | ``failures`` calls that were dialed one after the other failed, all of them | ``avoided`` |
| ``avoided`` | the call that tries it, at most one at a time and ``probe_s`` apart, gets through | ``ok`` |
| ``avoided`` | that call fails, or ends without saying anything | ``avoided`` |

Calls count in the order in which they were dialed: failures come back within moments, phones ring only after seconds,
and in the order of their coming a good trunk at a high rate would look like a dead one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

NO_BOUND: Final = 1_000_000
# Failures of calls so much older than the youngest are forgotten; a run of failures is far shorter.
REMEMBERED: Final = 2_000


@dataclass(frozen=True, slots=True)
class TrunkRules:
    """``backups``: which trunk carries the calls of which; 0 ``failures``: no trunk is ever avoided."""

    backups: Mapping[str, str] = field(default_factory=dict)
    failures: int = 8
    probe_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Way:
    """How one call goes: over ``trunk``, as the ``number``-th call over it; a ``probe`` tries an avoided one."""

    trunk: str
    number: int
    probe: bool = False


@dataclass(frozen=True, slots=True)
class TrunkView:
    """A trunk as it stands. ``avoided_since``: seconds since the epoch, None while it is in use.

    ``lost``: calls that failed since it was last in use, one after the other; ``bound``: how many of them are too many.
    ``instead``: what carries its calls now; empty when nothing does.
    """

    trunk_id: str
    avoided_since: float | None = None
    lost: int = 0
    bound: int = 0
    instead: str = ""


@dataclass(slots=True)
class _Trunk:
    """One trunk. ``dialed`` counts its calls; what those before ``counts_from`` meet says nothing any more."""

    dialed: int = 0
    counts_from: int = 0
    failed: set[int] = field(default_factory=set)
    avoided_since: float | None = None
    lost: int = 0
    probe_at: float = 0.0
    probe: int | None = None  # number of the call that tries it now

    def may_probe(self, now: float) -> bool:
        return self.probe is None and now >= self.probe_at


class Trunks:
    """Every trunk that was dialed over. Times are seconds since the epoch."""

    def __init__(self) -> None:
        self.rules = TrunkRules()
        self._known: dict[str, _Trunk] = {}

    def room(self, wanted: str, now: float) -> int:
        """How many calls that want this trunk may be dialed now, over it or what stands in for it."""
        chain = [self._trunk(name) for name in self._chain(wanted)]
        if any(trunk.avoided_since is None for trunk in chain):
            return NO_BOUND
        return sum(trunk.may_probe(now) for trunk in chain)

    def take(self, wanted: str, now: float, *, promised: bool = False) -> Way | None:
        """The way of one call, which is dialed at once; None when it may not be dialed now.

        A ``promised`` call tries an avoided trunk only when there is no other way.
        """
        names = list(self._chain(wanted))
        if promised:
            names.sort(key=lambda name: self._trunk(name).avoided_since is not None)
        for name in names:
            trunk = self._trunk(name)
            avoided = trunk.avoided_since is not None
            if avoided and not trunk.may_probe(now):
                continue
            trunk.dialed += 1
            if avoided:
                trunk.probe = trunk.dialed
            return Way(name, trunk.dialed, probe=avoided)
        return None

    def got_through(self, way: Way) -> bool:
        """A phone rang, or somebody's own network answered for it. True: the trunk is in use again."""
        trunk = self._trunk(way.trunk)
        if trunk.probe != way.number:
            return False
        _use_again(trunk)
        return True

    def failed(self, way: Way, now: float) -> bool:
        """The call ended in congestion or failure. True: the trunk is avoided from now on."""
        trunk = self._trunk(way.trunk)
        if trunk.avoided_since is not None:
            trunk.lost += trunk.probe == way.number
            self.ended(way, now)
            return False
        if way.number <= trunk.counts_from:
            return False
        trunk.failed = {number for number in trunk.failed if number > trunk.dialed - REMEMBERED} | {way.number}
        run = _run(trunk.failed, way.number)
        if not 0 < self.rules.failures <= run:
            return False
        trunk.avoided_since, trunk.lost, trunk.probe_at = now, run, now + self.rules.probe_s
        trunk.failed.clear()
        return True

    def ended(self, way: Way, now: float) -> None:
        """The call is over and said nothing of the trunk, or was heard already."""
        trunk = self._trunk(way.trunk)
        if trunk.probe == way.number:
            trunk.probe, trunk.probe_at = None, now + self.rules.probe_s

    def change_rules(self, rules: TrunkRules) -> list[str]:
        """Other rules from now on; the trunks that are in use again because none is to be avoided."""
        self.rules = rules
        again = [name for name, trunk in self._known.items() if trunk.avoided_since is not None and not rules.failures]
        for name in again:
            _use_again(self._known[name])
        return again

    def view(self, name: str) -> TrunkView:
        """One trunk as it stands."""
        trunk = self._trunk(name)
        used = (each for each in self._chain(name) if self._trunk(each).avoided_since is None)
        instead = next(used, "") if trunk.avoided_since is not None else ""
        return TrunkView(name, trunk.avoided_since, trunk.lost, self.rules.failures, instead)

    def views(self) -> list[TrunkView]:
        """Every trunk that was dialed over."""
        return [self.view(name) for name, trunk in self._known.items() if trunk.dialed]

    def _chain(self, wanted: str) -> Iterator[str]:
        """The trunk that is wanted, what stands in for it, what stands in for that; each once."""
        seen: set[str] = set()
        name: str | None = wanted
        while name is not None and name not in seen:
            yield name
            seen.add(name)
            name = self.rules.backups.get(name)

    def _trunk(self, name: str) -> _Trunk:
        return self._known.setdefault(name, _Trunk())


def _use_again(trunk: _Trunk) -> None:
    """Calls from before end late, and must not speak against it again."""
    trunk.avoided_since, trunk.probe, trunk.lost = None, None, 0
    trunk.counts_from = trunk.dialed


def _run(failed: set[int], number: int) -> int:
    """How many neighbours in a row failed, this call among them."""
    first = last = number
    while first - 1 in failed:
        first -= 1
    while last + 1 in failed:
        last += 1
    return last - first + 1
