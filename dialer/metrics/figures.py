"""What the floor did since the start, counted as it happens."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from dialer.floor import commands as cmd
from dialer.floor.words import Result
from dialer.timings import Timings

# The connect deadline is 2 s, and what the law calls abandoned begins there.
ANSWER_BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Figures:
    """Follows the floor's commands. Keys are campaign ids; whoever shows them bounds them."""

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, Result]] = Counter()
        self.persons: Counter[str] = Counter()
        self.connected: Counter[str] = Counter()
        self.abandoned: Counter[str] = Counter()
        self._answer_to_agent: dict[str, Timings] = {}

    def follow(self, commands: Sequence[cmd.Command]) -> None:
        """Take in what the floor asked for at one event."""
        for outcome in cmd.ended_calls(commands):
            self._count(outcome)

    def _count(self, outcome: cmd.RecordOutcome) -> None:
        if not outcome.dialed:
            return
        campaign = outcome.campaign_id
        self.ended[campaign, outcome.result] += 1
        self.persons[campaign] += outcome.by_person
        self.abandoned[campaign] += outcome.abandoned
        if outcome.connected_at is not None and outcome.answered_at is not None:
            self.connected[campaign] += not outcome.abandoned
            timings = self._answer_to_agent.setdefault(campaign, Timings(ANSWER_BOUNDS_S))
            timings.add(outcome.connected_at - outcome.answered_at)

    def answer_to_agent(self, campaign_id: str) -> Timings:
        """From answer to agent; changes nothing, for it is asked from another thread."""
        return self._answer_to_agent.get(campaign_id) or Timings(ANSWER_BOUNDS_S)
