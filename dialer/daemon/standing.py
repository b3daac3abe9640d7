"""Says when the law of abandonment begins to hold a campaign back, and when it lets go."""

from dataclasses import dataclass, field

import structlog

from dialer.daemon.troubles import Troubles
from dialer.rules.abandonment import Ledger, Level, live_answers

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Standings:
    """The last standing of each campaign that was told."""

    troubles: Troubles
    _told: dict[str, tuple[Level, bool]] = field(default_factory=dict)

    def note(self, campaign_id: str, ledger: Ledger) -> None:
        """Log a campaign's level when it changes; a supervisor is told when abandoned calls are the cause."""
        worst = ledger.worst
        standing = (ledger.level, worst.few)
        was = self._told.get(campaign_id)
        if standing == was:
            return
        self._told[campaign_id] = standing
        log.info(
            "abandonment_level",
            campaign=campaign_id,
            standing=ledger.level.name.lower(),
            was=was[0].name.lower() if was else None,
            window=worst.window,
            answered=live_answers(worst.counts, count_fp=ledger.policy.count_fp),
            abandoned=worst.counts.abandoned,
            rate_pct=round(100 * worst.rate, 2),
            budget_calls=ledger.budget_calls,
        )
        if ledger.level >= Level.ONE_TO_ONE and not worst.few:
            self.troubles.add(_trouble(campaign_id, ledger))


def _trouble(campaign_id: str, ledger: Ledger) -> str:
    worst = ledger.worst
    answered = live_answers(worst.counts, count_fp=ledger.policy.count_fp)
    lost = f"{worst.counts.abandoned} of {answered:g} people who answered since {worst.first} were abandoned"
    then = "nobody is called" if ledger.stopped else "one call for each ready agent"
    return f"Campaign {campaign_id}: {lost} ({100 * worst.rate:.1f} %): {then} until the law allows more."
