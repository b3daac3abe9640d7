"""How often people pick up when a number is shown: in the last minutes, and earlier the same day."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from dialer.alerts.facts import CallerIdFigures
from dialer.floor import commands as cmd
from dialer.log import mask

MOST_OF_A_NUMBER: Final = 1000  # on a busy floor the last minutes are fewer
# A day of a number is over after a night without a call, whatever the time zones of those who are called; and after 24
# hours on a floor that never rests.
NIGHT_S: Final = 6 * 3600.0
DAY_S: Final = 86_400.0


@dataclass(slots=True)
class _Shown:
    """A number's day. ``label`` tells it from another one that looks the same when masked."""

    label: str
    since: float
    late: deque[cmd.RecordOutcome] = field(default_factory=deque)
    last_at: float = 0.0
    usual_attempts: int = 0
    usual_persons: int = 0

    def add(self, outcome: cmd.RecordOutcome) -> None:
        self.late.append(outcome)
        self.last_at = outcome.ended_at
        if len(self.late) > MOST_OF_A_NUMBER:
            self._age()

    def settle(self, oldest: float) -> None:
        """What ended before is no longer of the last minutes."""
        while self.late and self.late[0].ended_at < oldest:
            self._age()

    def _age(self) -> None:
        self.usual_attempts += 1
        self.usual_persons += self.late.popleft().by_person

    def is_over(self, now: float) -> bool:
        return now - self.last_at >= NIGHT_S or now - self.since >= DAY_S


class ShownNumbers:
    """Counts by the number itself. All times are seconds since the epoch."""

    def __init__(self) -> None:
        self._shown: dict[str, _Shown] = {}

    def note(self, number: str, outcome: cmd.RecordOutcome) -> None:
        """A call that showed the number has ended."""
        shown = self._shown.get(number)
        if shown is None or shown.is_over(outcome.ended_at):
            self._shown.pop(number, None)
            shown = self._shown[number] = _Shown(self._label(number), outcome.ended_at)
        shown.add(outcome)

    def _label(self, number: str) -> str:
        """The number masked, as all that is told; a second one that looks the same is ``+3316•••••00 (2)``."""
        taken = {shown.label for shown in self._shown.values()}
        label, twin = mask(number), 1
        while label in taken:
            twin += 1
            label = f"{mask(number)} ({twin})"
        return label

    def figures(self, now: float, window_s: float) -> dict[str, CallerIdFigures]:
        """By label, of the numbers that were shown in the last ``window_s``."""
        self._shown = {number: shown for number, shown in self._shown.items() if now - shown.last_at < NIGHT_S}
        for shown in self._shown.values():
            shown.settle(now - window_s)
        return {shown.label: _figures(shown) for shown in self._shown.values() if shown.late}


def _figures(shown: _Shown) -> CallerIdFigures:
    return CallerIdFigures(
        attempts=len(shown.late),
        persons=sum(call.by_person for call in shown.late),
        usual_attempts=shown.usual_attempts,
        usual_persons=shown.usual_persons,
        campaigns=tuple(sorted({call.campaign_id for call in shown.late})),
    )
