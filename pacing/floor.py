"""The floor as its events tell it: who is ready, talking, wrapping up; which calls ring.

Tolerant on purpose, for a live floor must not stop on an odd event: a repeated event, or one about
a call or an agent that is not known, changes nothing but ``oddities``; an unknown agent who becomes
ready or talks is taken as logged in; an abandoned or connected call that was never seen dialed
still counts for the law.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from pacing.interface import Event

RINGING: Final = "ringing"
ANSWERED: Final = "answered"  # picked up, not yet known by whom
WAITING: Final = "waiting"  # a person, without an agent
CONNECTED: Final = "connected"

READY: Final = "ready"
TALKING: Final = "talking"
WRAP_UP: Final = "wrap_up"

_REMEMBERED_ENDED_CALLS = 8192  # oldest forgotten first: enough to tell a repeated end from a new one


class Call:
    """A live call. ``since`` is when it entered its phase; ``live``: it counts as connected to a person."""

    __slots__ = ("agent", "answered_at", "dialed_at", "id", "live", "phase", "since")

    def __init__(self, id: str, dialed_at: float) -> None:  # noqa: A002
        self.id = id
        self.dialed_at = dialed_at
        self.answered_at: float | None = None
        self.phase: str = RINGING
        self.since = dialed_at
        self.agent: str | None = None
        self.live = False


class _Ended:
    """What is kept of a call that ended: when, and whether it counts as connected to a person."""

    __slots__ = ("at", "live")

    def __init__(self, at: float, live: bool) -> None:
        self.at = at
        self.live = live


class Agent:
    """A logged-in agent. ``since`` is when they entered their phase."""

    __slots__ = ("call", "id", "leaving", "phase", "since")

    def __init__(self, id: str, since: float) -> None:  # noqa: A002
        self.id = id
        self.phase: str = READY
        self.since = since
        self.leaving = False
        self.call: str | None = None


class Watcher:
    """What an estimator may want to know as the floor changes; every method may be left alone."""

    def call_dialed(self, call: Call, at: float) -> None:
        """A call was dialed."""

    def call_picked_up(self, call: Call, at: float) -> None:
        """A ringing call was picked up; by whom is told by ``call_classified``."""

    def call_classified(self, call: Call, at: float, person: bool) -> None:
        """A picked-up call is a person or a machine."""

    def call_ended_ringing(self, call: Call, at: float, kind: str) -> None:
        """A call ended without an answer; ``kind`` is the event's."""

    def agent_changed(self, agent: Agent, at: float, phase: str | None) -> None:
        """An agent, still as before, goes to ``phase`` (None: gone); to the same: they now will leave, or stay."""

    def new_clock(self) -> None:
        """Time begins anew: calls and agents known so far are gone, what was learned stays."""

    def live_answer(self, at: float, abandoned: bool) -> None:
        """A live answer was connected or abandoned."""


class Floor:
    """State of calls and agents, counts for the law, and when calls were dialed."""

    def __init__(self, watcher: Watcher | None = None) -> None:
        self.watcher = watcher or Watcher()
        self.calls: dict[str, Call] = {}
        self.agents: dict[str, Agent] = {}
        self.ringing = 0
        self.picked_up = 0
        self.waiting = 0
        self.ready = 0
        self.leaving = 0
        self.answered = 0  # live answers of the window: connected + abandoned
        self.abandoned = 0
        self.oddities = 0
        self.recent_dials: deque[float] = deque(maxlen=16_384)
        self._ended: dict[str, _Ended] = {}  # by id, the oldest first
        self._handlers: dict[str, Callable[[Event], None]] = {
            "call_dialed": self._call_dialed,
            "call_answered": self._call_answered,
            "call_person": self._call_person,
            "call_machine": self._call_machine,
            "call_failed": self._call_over,
            "call_no_answer": self._call_over,
            "call_cancelled": self._call_over,
            "call_connected": self._call_connected,
            "call_abandoned": self._call_abandoned,
            "agent_login": self._agent_login,
            "agent_ready": self._agent_ready,
            "agent_talking": self._agent_talking,
            "agent_wrap_up": self._agent_wrap_up,
            "agent_leaving": self._agent_leaving,
            "agent_logout": self._agent_logout,
        }

    def apply(self, event: Event) -> None:
        """Take one event in; never raises for odd ones."""
        self._handlers[event.kind](event)

    def forget_lost_calls(self, now: float, older_than_s: float) -> None:
        """Drop calls that ring or wait impossibly long: their end was never told."""
        for call in [c for c in self.calls.values() if c.phase != CONNECTED]:
            if now - call.since > older_than_s:
                self.oddities += 1
                self._end_call(call, now, "call_cancelled")

    # calls

    def _call_dialed(self, event: Event) -> None:
        call_id = event.call or ""
        ended = self._ended.get(call_id)
        if call_id in self.calls or (ended is not None and ended.at >= event.at):
            self.oddities += 1
            return
        self._ended.pop(call_id, None)  # an id used again, as of a new day
        call = Call(call_id, event.at)
        self.calls[call_id] = call
        self.ringing += 1
        self.recent_dials.append(event.at)
        self.watcher.call_dialed(call, event.at)

    def _call_answered(self, event: Event) -> None:
        call = self._known_call(event)
        if call is None or call.phase != RINGING:
            self.oddities += call is not None
            return
        self._pick_up(call, event.at)

    def _call_person(self, event: Event) -> None:
        call = self._known_call(event)
        if call is None or call.phase not in (RINGING, ANSWERED):
            self.oddities += call is not None
            return
        self._to_waiting(call, event.at)

    def _call_machine(self, event: Event) -> None:
        call = self.calls.get(event.call or "")
        if call is None or call.phase == CONNECTED:
            # An agent's disposition, in the talk or after it: a machine was no live answer after all.
            counted = call or self._ended.get(event.call or "")
            if counted is not None and counted.live:
                counted.live = False
                self.answered -= self.answered > self.abandoned  # it may have been of the window before
            return
        if call.phase == RINGING:
            self._pick_up(call, event.at)
        if call.phase == ANSWERED:
            self.watcher.call_classified(call, event.at, person=False)
        self._end_call(call, event.at, event.kind)

    def _call_over(self, event: Event) -> None:
        call = self._known_call(event)
        if call is not None and call.phase != CONNECTED:
            self._end_call(call, event.at, event.kind)

    def _call_connected(self, event: Event) -> None:
        call = self._counted_call(event)
        if call is None:
            return
        if call.phase in (RINGING, ANSWERED):
            self._to_waiting(call, event.at)
        self.waiting -= 1
        call.phase, call.since, call.agent, call.live = CONNECTED, event.at, event.agent, True
        self._count(event.at, abandoned=False)
        if event.agent is not None:
            self._agent_to(event.agent, event.at, TALKING, call.id)

    def _call_abandoned(self, event: Event) -> None:
        call = self._counted_call(event)
        if call is None:
            return
        if call.phase in (RINGING, ANSWERED):
            self._to_waiting(call, event.at)
        self._end_call(call, event.at, event.kind)
        self._count(event.at, abandoned=True)

    def _counted_call(self, event: Event) -> Call | None:
        """The call of a live answer, or None if this answer is counted already."""
        call_id = event.call or ""
        call = self.calls.get(call_id)
        if call is None and call_id not in self._ended:
            self.oddities += 1
            call = Call(call_id, event.at)
            self.calls[call_id] = call
            call.phase = WAITING
            self.waiting += 1
        if call is None or call.phase == CONNECTED:
            self.oddities += 1
            return None
        return call

    def _count(self, at: float, *, abandoned: bool) -> None:
        self.answered += 1
        self.abandoned += abandoned
        self.watcher.live_answer(at, abandoned)

    def _pick_up(self, call: Call, at: float) -> None:
        self.ringing -= 1
        self.picked_up += 1
        self.watcher.call_picked_up(call, at)
        call.phase, call.since, call.answered_at = ANSWERED, at, at

    def _to_waiting(self, call: Call, at: float) -> None:
        if call.phase == RINGING:
            self._pick_up(call, at)
        self.watcher.call_classified(call, at, person=True)
        self.picked_up -= 1
        self.waiting += 1
        call.phase, call.since = WAITING, at

    def _end_call(self, call: Call, at: float, kind: str) -> None:
        if call.phase == RINGING:
            self.ringing -= 1
            self.watcher.call_ended_ringing(call, at, kind)
        elif call.phase == ANSWERED:
            self.picked_up -= 1
            if kind != "call_machine":  # hung up before anyone knew by whom: it asks for no agent
                self.watcher.call_classified(call, at, person=False)
        elif call.phase == WAITING:
            self.waiting -= 1
        self._forget_call(call, at)

    def _forget_call(self, call: Call, at: float) -> None:
        del self.calls[call.id]
        self._ended[call.id] = _Ended(at, call.live)
        if len(self._ended) > _REMEMBERED_ENDED_CALLS:
            del self._ended[next(iter(self._ended))]

    def _known_call(self, event: Event) -> Call | None:
        call = self.calls.get(event.call or "")
        self.oddities += call is None
        return call

    # agents

    def _agent_login(self, event: Event) -> None:
        agent = self.agents.get(event.agent or "")
        if agent is not None and agent.leaving:
            self._stay(agent, event.at)
            return
        if agent is not None:
            self.oddities += 1
            return
        self._agent_to(event.agent or "", event.at, READY, None)

    def _agent_ready(self, event: Event) -> None:
        self._agent_to(event.agent or "", event.at, READY, None)

    def _agent_talking(self, event: Event) -> None:
        self._agent_to(event.agent or "", event.at, TALKING, event.call)

    def _agent_wrap_up(self, event: Event) -> None:
        self._agent_to(event.agent or "", event.at, WRAP_UP, None)

    def _agent_leaving(self, event: Event) -> None:
        agent = self.agents.get(event.agent or "")
        if agent is None or agent.leaving:
            self.oddities += 1
            return
        agent.leaving = True
        self.watcher.agent_changed(agent, event.at, agent.phase)
        self.leaving += 1
        self.ready -= agent.phase == READY

    def _stay(self, agent: Agent, at: float) -> None:
        """An agent who was about to leave logs in again."""
        agent.leaving = False
        self.leaving -= 1
        self.ready += agent.phase == READY
        self.watcher.agent_changed(agent, at, agent.phase)

    def _agent_logout(self, event: Event) -> None:
        agent = self.agents.get(event.agent or "")
        if agent is None:
            self.oddities += 1
            return
        self.watcher.agent_changed(agent, event.at, None)
        self._hang_up_of(agent, event.at)
        self.ready -= agent.phase == READY and not agent.leaving
        self.leaving -= agent.leaving
        del self.agents[agent.id]

    def _agent_to(self, agent_id: str, at: float, phase: str, call: str | None) -> None:
        agent = self.agents.get(agent_id)
        if agent is None:
            agent = self.agents[agent_id] = Agent(agent_id, at)
            self.ready += 1
            self.watcher.agent_changed(agent, at, READY)
        if agent.phase == phase and (phase != TALKING or call in (None, agent.call)):
            return
        self.watcher.agent_changed(agent, at, phase)
        if agent.phase == TALKING:
            self._hang_up_of(agent, at)
        if not agent.leaving:
            self.ready += (phase == READY) - (agent.phase == READY)
        agent.phase, agent.since, agent.call = phase, at, call

    def _hang_up_of(self, agent: Agent, at: float) -> None:
        call = self.calls.get(agent.call or "")
        if call is not None and call.phase == CONNECTED:
            self._forget_call(call, at)
