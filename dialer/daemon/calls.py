"""The floor's news in the journal: one line for each call that ended, and trunks that fail or work again.

At level debug also each step of each call, so that ``journalctl -u dialerd CALL_ID=...`` tells its whole story.
"""

from collections.abc import Sequence

import structlog

from dialer.daemon.troubles import Troubles
from dialer.floor.commands import Command, RecordOutcome, RecordStep, TrunkMoved, ended_calls

log = structlog.get_logger(__name__)


def tell_calls(commands: Sequence[Command]) -> None:
    """Follow the floor's commands; numbers are masked by the journal."""
    for step in commands:
        if isinstance(step, RecordStep):
            log.debug("call_step", call_id=step.attempt_id, state=step.state, why=step.reason)
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


def tell_trunks(troubles: Troubles, commands: Sequence[Command]) -> None:
    """Follow the floor's commands: a trunk is avoided or used again."""
    for moved in commands:
        if isinstance(moved, TrunkMoved):
            _tell_trunk(moved, troubles)


def _tell_trunk(moved: TrunkMoved, troubles: Troubles) -> None:
    if not moved.avoided:
        log.info("trunk_used_again", trunk=moved.trunk)
        troubles.add(f"The trunk {moved.trunk} works again and is used.")
        return
    log.error("trunk_avoided", trunk=moved.trunk, instead=moved.instead, lost=moved.lost)
    what = f"calls go over {moved.instead}" if moved.instead else "only one call at a time tries it"
    troubles.add(f"The trunk {moved.trunk} failed {moved.lost} calls in a row: {what} until it works again.")
