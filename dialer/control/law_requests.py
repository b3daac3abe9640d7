"""What the commands of the law take: do-not-call list, consent register, explanations, audits."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from dialer.control.requests import (
    Columns,
    Encoding,
    FilePath,
    Id,
    Params,
    Reason,
    Region,
    Separator,
    Text,
    Time,
    _shaped,
)
from dialer.rules.zones import country_zones

MAX_NUMBERS = 1_000
Word = Annotated[str, _shaped(r"[a-z][a-z0-9_]{0,39}", "one word of small letters, digits and _")]


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("must be a time with its offset, like 2026-10-01T09:00:00+02:00")
    return moment.isoformat()


def _day(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise ValueError("must be a day like 2026-11-20") from error


def _zone(text: str) -> str:
    if text not in {key for keys in country_zones().values() for key in keys}:
        raise ValueError("must be a time zone like Europe/Paris")
    return text


Instant = Annotated[str, AfterValidator(_instant)]
Day = Annotated[str, AfterValidator(_day)]


class Whom(Params):
    """A person, by a number or by the id that the source of the lists gave."""

    number: Reason | None = None
    person_id: Reason | None = None
    region: Region = "FR"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.number is None) == (self.person_id is None):
            raise ValueError("number or person_id: one of them must be given")
        return self


class DncAdd(Params):
    """Numbers and persons that ``principal`` ("": nobody) may call no more. ``reason``: why, in a word."""

    numbers: Annotated[tuple[Reason, ...], Field(strict=False, max_length=MAX_NUMBERS)] = ()
    person_ids: Annotated[tuple[Reason, ...], Field(strict=False, max_length=MAX_NUMBERS)] = ()
    principal: Text
    reason: Word = "opposition"
    region: Region = "FR"


class DncImport(Params):
    """A file of numbers: refusals for ``principal`` ("": everybody), or a register (``copy_of``) as of a day."""

    path: FilePath
    principal: Text | None = None
    copy_of: Word | None = None
    as_of: Day | None = None
    reason: Word = "opposition"
    region: Region = "FR"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.copy_of is None) == (self.principal is None):
            raise ValueError("copy_of or principal: one of them must be given")
        if (self.copy_of is None) != (self.as_of is None):
            raise ValueError("as_of: goes with a register, which needs it")
        return self


class DncList(Params):
    """The last wishes of a principal or of all. ``numbers``: whole, not masked."""

    principal: Text | None = None
    limit: Annotated[int, Field(ge=0, le=1_000)] = 20
    numbers: bool = False


class DncCheck(Params):
    """Whether numbers are on the list."""

    numbers: Annotated[tuple[Reason, ...], Field(strict=False, min_length=1, max_length=MAX_NUMBERS)]
    region: Region = "FR"


class AttemptsImport(Params):
    """A file of calls that others made; ``principal``: of rows that name none. Times are by the clock of ``zone``.

    ``columns`` maps phone, phone_code, at, time and principal to columns of the file; ``want_refused``: send refused
    rows back as CSV.
    """

    path: FilePath
    principal: Text = ""
    zone: Annotated[str, AfterValidator(_zone)] = "Europe/Paris"
    dry_run: bool = False
    want_refused: bool = False
    columns: Columns = Field(default_factory=dict)
    region: Region = "FR"
    encoding: Encoding | None = None
    separator: Separator | None = None


class AttemptsImported(Params):
    """What is on record of others' calls, of a principal or of all."""

    principal: Text | None = None


class Slot(Params):
    """An exact time at which a person agreed to be called outside hours, and where the proof is."""

    at: Instant
    evidence: Reason


class ConsentAdd(Whom):
    """A consent; principal and object are those of ``campaign_id`` unless they are given."""

    campaign_id: Id | None = None
    principal: Reason | None = None
    object: Reason | None = None
    proof: Reason
    channel: Word
    collected_at: Instant
    expires_at: Instant | None = None
    slots: Annotated[tuple[Slot, ...], Field(strict=False, max_length=20)] = ()
    written: bool | None = None
    automated_dialing: bool | None = None


class ConsentWithdraw(Whom):
    """The end of every consent with a principal, for ever. ``withdrawn_at``: when it was said; else now."""

    campaign_id: Id | None = None
    principal: Reason | None = None
    channel: Word = "oral"
    withdrawn_at: Instant | None = None


class ConsentShow(Whom):
    """Everything on record about a person's consent. ``numbers``: whole, not masked."""

    principal: Reason | None = None
    numbers: bool = False


class ConsentExport(Params):
    """Entries of a principal or of all, or of one person, recorded from ``since`` to before ``until``."""

    number: Reason | None = None
    region: Region = "FR"
    principal: Reason | None = None
    since: Time = 0.0
    until: Time = 4_102_444_800.0


class RulesExplain(Params):
    """May a lead, or a number under a campaign's law, be called; at ``at`` or now."""

    lead_id: Annotated[int, Field(ge=1)] | None = None
    number: Reason | None = None
    campaign_id: Id | None = None
    at: Instant | None = None
    region: Region = "FR"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.lead_id is None) == (self.number is None):
            raise ValueError("lead_id or number: one of them must be given")
        if self.number is not None and self.campaign_id is None:
            raise ValueError("campaign_id: a number needs one, under whose law")
        return self


class Audit(Params):
    """A campaign's attempts reserved from ``since`` to before ``until``, seconds since the epoch."""

    campaign_id: Id
    since: Time
    until: Time
