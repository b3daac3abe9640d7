"""One attempt as the floor holds it in memory."""

from dataclasses import dataclass

from dialer.floor.commands import RecordOutcome
from dialer.floor.events import NewAttempt
from dialer.floor.trunks import Way
from dialer.floor.words import AnsweredBy, AttemptState, Result
from dialer.rules.abandonment import NOTHING, Counts, answered_call

OPEN_BEFORE_ANSWER = frozenset({AttemptState.RESERVED, AttemptState.DIALING, AttemptState.RINGING})


@dataclass(slots=True)
class Call:
    """A call in flight. Times are seconds since the epoch, None until they happen."""

    attempt: NewAttempt
    state: AttemptState = AttemptState.RESERVED
    agent_id: str | None = None
    way: Way | None = None  # None: not dialed by this life of the daemon
    asked: bool = False  # its dialplan waits for our answer
    bridge_id: str = ""
    cancelled: bool = False
    opted_out: bool = False
    dialed: bool = True
    ringing_at: float | None = None
    answered_at: float | None = None
    waiting_since: float | None = None  # answered, or dropped by its agent: the connect deadline runs from here
    connected_at: float | None = None
    late: bool = False  # connected, but after the connect deadline
    ended_at: float | None = None
    result: Result | None = None
    cause: int | None = None
    disposition: str | None = None
    counted: Counts = NOTHING  # in the campaign's tally

    @property
    def id(self) -> str:
        """The attempt id, which is also Asterisk's channel id."""
        return self.attempt.attempt_id

    @property
    def one_to_one(self) -> bool:
        """A callback with an agent reserved for it: outside pacing, which dials for whoever is free."""
        return self.attempt.agent_id is not None

    @property
    def rings(self) -> bool:
        """Dialed and not yet picked up."""
        return self.state in OPEN_BEFORE_ANSWER

    @property
    def abandoned(self) -> bool:
        """Picked up and no agent within the connect deadline; the message does not undo it (regulation, section 6).

        A person who hangs up before any agent, however soon, counts: the strictest reading.
        """
        return self.answered_at is not None and (self.connected_at is None or self.late)

    @property
    def counts(self) -> Counts:
        """What the law counts it as; nothing until it is decided whether an agent comes."""
        decided = self.connected_at is not None or self.state in (AttemptState.MESSAGE, AttemptState.ENDED)
        if self.answered_at is None or not decided:
            return NOTHING
        machine = self.answered_by is AnsweredBy.MACHINE
        return answered_call(connected=self.connected_at is not None, abandoned=self.abandoned, machine=machine)

    @property
    def answered_by(self) -> AnsweredBy | None:
        """``unsure`` until an agent says more, for nobody listens for machines."""
        if self.answered_at is None:
            return None
        return AnsweredBy.MACHINE if self.disposition == "machine" else AnsweredBy.UNSURE

    def outcome(self) -> RecordOutcome:
        """The outcome of an ended call, for the record."""
        if self.result is None or self.ended_at is None:
            raise ValueError(f"attempt {self.id} has not ended")
        return RecordOutcome(
            attempt_id=self.id,
            campaign_id=self.attempt.campaign_id,
            lead_id=self.attempt.lead_id,
            number=self.attempt.number,
            result=self.result,
            answered_by=self.answered_by,
            abandoned=self.abandoned,
            agent_id=self.agent_id,
            cause=self.cause,
            reserved_at=self.attempt.reserved_at,
            ringing_at=self.ringing_at,
            answered_at=self.answered_at,
            connected_at=self.connected_at,
            ended_at=self.ended_at,
            disposition=self.disposition,
            dialed=self.dialed,
            opted_out=self.opted_out,
        )
