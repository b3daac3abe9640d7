"""Each step of each call as an event, for those who asked for it ([mqtt] attempts)."""

from collections.abc import Callable, Iterator, Sequence

from dialer.floor import commands as cmd
from dialer.floor.words import AttemptState
from dialer.log import mask, mask_text
from dialer.mqtt.tree import State, iso

Told = tuple[str, State, float]  # topic below the root, message, time


def told_attempts(commands: Sequence[cmd.Command], campaign_of: Callable[[str], str | None]) -> Iterator[Told]:
    """Steps of calls that are under way, and ends of calls with what came of them; numbers masked.

    ``campaign_of`` knows open attempts only; an end brings its campaign with it.
    """
    for command in commands:
        if isinstance(command, cmd.RecordStep) and command.state is not AttemptState.ENDED:
            campaign_id = campaign_of(command.attempt_id)
            if campaign_id is not None:
                yield f"attempt/{campaign_id}/{command.state}", _step(command, campaign_id), command.at
        elif isinstance(command, cmd.RecordOutcome):
            yield f"attempt/{command.campaign_id}/ended", _end(command), command.ended_at


def _step(step: cmd.RecordStep, campaign_id: str) -> State:
    return {
        "attempt_id": step.attempt_id,
        "campaign_id": campaign_id,
        "state": str(step.state),
        "at": iso(step.at),
        "agent_id": step.agent_id,
        "reason": mask_text(step.reason),
    }


def _end(outcome: cmd.RecordOutcome) -> State:
    return {
        "attempt_id": outcome.attempt_id,
        "campaign_id": outcome.campaign_id,
        "state": "ended",
        "at": iso(outcome.ended_at),
        "agent_id": outcome.agent_id,
        "number": mask(outcome.number),
        "result": str(outcome.result),
        "answered_by": str(outcome.answered_by) if outcome.answered_by else None,
        "abandoned": outcome.abandoned,
        "disposition": outcome.disposition,
        "cause": outcome.cause,
        "ringing_at": iso(outcome.ringing_at),
        "answered_at": iso(outcome.answered_at),
        "connected_at": iso(outcome.connected_at),
    }
