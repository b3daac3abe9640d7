"""One line in the journal for each call that ended: ``journalctl -u dialerd CALL_ID=...`` tells its whole story."""

from collections.abc import Sequence

import structlog

from dialer.floor.commands import Command, RecordOutcome, ended_calls

log = structlog.get_logger(__name__)


def tell_ended_calls(commands: Sequence[Command]) -> None:
    """Follow the floor's commands; the number is masked by the journal."""
    for outcome in ended_calls(commands):
        _tell(outcome)


def _tell(outcome: RecordOutcome) -> None:
    answered_at, connected_at = outcome.answered_at, outcome.connected_at
    log.info(
        "call_ended",
        call_id=outcome.attempt_id,
        campaign=outcome.campaign_id,
        lead=outcome.lead_id,
        number=outcome.number,
        agent=outcome.agent_id,
        result=outcome.result,
        answered_by=outcome.answered_by,
        abandoned=outcome.abandoned,
        opted_out=outcome.opted_out,
        cause=outcome.cause,
        dialed=outcome.dialed,
        rang_s=_between(outcome.ringing_at, answered_at or outcome.ended_at),
        waited_s=_between(answered_at, connected_at),
        talked_s=_between(connected_at, outcome.ended_at),
    )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)
