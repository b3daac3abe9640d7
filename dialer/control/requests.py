"""What each command takes. A parameter that is unknown, missing or out of bounds is refused before anything happens."""

import re
from datetime import date
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from dialer.control.wire import BadRequestError, JsonObject
from dialer.floor.words import CampaignState, LineMode

MAX_TEXT: Final = 200


def _shaped(pattern: str, meaning: str) -> AfterValidator:
    """A text of this shape; ``meaning`` is what a person is told when it is not."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {meaning}")
        return text

    return AfterValidator(check)


_ID = "small letters, digits, - and _, at most 40, beginning with a letter or digit"
Id = Annotated[str, _shaped(r"[a-z0-9][a-z0-9_-]{0,39}", _ID)]
Text = Annotated[str, _shaped(r"[^\x00-\x1f\x7f]{0,200}", "one line of at most 200 characters")]
Reason = Annotated[str, _shaped(r"[^\x00-\x1f\x7f]{1,200}", "one line of 1 to 200 characters")]
Endpoint = Annotated[str, _shaped(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "the name of a PJSIP endpoint")]
CallerId = Annotated[str, _shaped(r"\+[1-9][0-9]{6,14}", "an international number like +33162000000")]
Sound = Annotated[str, _shaped(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,127}", "a sound's name, like dialer/safe-harbour")]
Disposition = Annotated[str, _shaped(r"[a-z][a-z0-9_]{0,39}", "one word of small letters, digits and _")]
Pin = Annotated[str, _shaped(r"[0-9]{4,12}", "4 to 12 digits")]
Key = Annotated[str, _shaped(r"[0-9]", "a key from 0 to 9")]
AttemptId = Annotated[str, _shaped(r"[A-Za-z0-9._-]{1,64}", "the id of an attempt")]
When = Annotated[str, _shaped(r"[0-9A-Za-z:/+. -]{1,40}", "a time like 2026-11-24 14:30, 24/11 14h30 or 14:30")]
FilePath = Annotated[str, _shaped(r"/[^\x00]{1,4095}", "an absolute path")]
Region = Annotated[str, _shaped(r"[A-Z]{2}", "two capital letters, like FR")]
Columns = Annotated[dict[str, str], Field(max_length=50)]
Encoding = Annotated[str, _shaped(r"[A-Za-z0-9_-]{1,40}", "an encoding, like utf-8 or latin-1")]
Separator = Annotated[str, _shaped(r"[,;|\t]", "a comma, semicolon, bar or tab")]
CallbackId = Annotated[int, Field(ge=1, le=2**62)]
Language = Annotated[str, _shaped(r"fr|en", "fr or en")]
Unset = Literal["max_lines", "max_calls_per_s", "max_ratio", "abandonment_target_pct", "cancel_after_s"]
Time = Annotated[float, Field(ge=0, le=4_102_444_800)]  # to the year 2100


def _a_date() -> AfterValidator:
    def check(text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError("must be a date like 2026-11-20") from None

    return AfterValidator(check)


def _known_policy(name: str) -> str:
    from pacing import POLICIES

    if name not in POLICIES:
        raise ValueError(f"the policies are {', '.join(sorted(POLICIES))}")
    return name


class Params(BaseModel):
    """The parameters of one command."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, str_max_length=4096)


class AlertList(Params):
    """Standing alerts, or those raised from ``since`` on."""

    since: Time | None = None


class AlertAck(Params):
    """Take an alert on."""

    alert_id: Annotated[str, _shaped(r"[A-Za-z0-9]{1,64}", "the id of an alert")]


class AlertSilence(Params):
    """``*`` is any kind or scope; ``for_s`` 0 ends a silence."""

    kind: Annotated[str, _shaped(r"\*|[a-z_]{1,64}", "a kind of alert, or *")]
    scope: Annotated[str, _shaped(r"\*|[a-z0-9][a-z0-9_-]{0,39}", "a campaign, system, or *")]
    for_s: Annotated[float, Field(ge=0, le=30 * 86_400)]
    why: Text = ""


class TrailList(Params):
    """Commands given from ``since`` to before ``until``, the newest first, at most ``most``."""

    since: Time = 0.0
    until: Time = 4_102_444_800.0
    who: Reason | None = None
    campaign_id: Id | None = None
    agent_id: Id | None = None
    most: Annotated[int, Field(ge=1, le=10_000)] = 100


class Nothing(Params):
    """A command without parameters."""


class CampaignValues(Params):
    """Settings of a campaign; those not given keep what they were, or the configuration's default in a new campaign.

    ``unset`` takes bounds away.
    """

    trunk: Endpoint | None = None
    caller_id: CallerId | None = None
    ring_timeout_s: Annotated[float, Field(ge=5, le=120)] | None = None
    connect_deadline_s: Annotated[float, Field(ge=0.5, le=10)] | None = None
    wrap_up_s: Annotated[float, Field(ge=0, le=3600)] | None = None
    max_lines: Annotated[int, Field(ge=1, le=10_000)] | None = None
    max_calls_per_s: Annotated[float, Field(ge=0.1, le=500)] | None = None
    abandonment_limit_pct: Annotated[float, Field(ge=0, le=10)] | None = None
    abandonment_target_pct: Annotated[float, Field(ge=0, le=10)] | None = None
    max_ratio: Annotated[float, Field(ge=1, le=20)] | None = None
    min_agents_for_predictive: Annotated[int, Field(ge=1, le=1000)] | None = None
    cancel_after_s: Annotated[float, Field(ge=5, le=120)] | None = None
    ratio: Annotated[float, Field(ge=1, le=20)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    callback_tolerance_s: Annotated[float, Field(ge=30, le=86_400)] | None = None
    callback_fallback: Literal["team", "wait"] | None = None
    unset: Annotated[tuple[Unset, ...], Field(strict=False, max_length=8)] = ()
    policy: Annotated[str, AfterValidator(_known_policy)] | None = None
    language: Language | None = None
    message: Sound | None = None
    dispositions: dict[Key, Disposition] | None = None
    keypad_disposition: bool | None = None


def _known_preset(name: str) -> str:
    from dialer.rules import preset_names

    if name not in preset_names():
        raise ValueError(f"the presets are {', '.join(preset_names())}")
    return name


class LawValues(Params):
    """Whose rules hold for a campaign. ``tighten`` replaces the stricter values: {rule: {parameter: value}}."""

    preset: Annotated[str, AfterValidator(_known_preset)] | None = None
    audience: Literal["b2c", "b2b"] | None = None
    sector: Annotated[str, _shaped(r"[^\x00-\x1f\x7f]{0,80}", "one line of at most 80 characters")] | None = None
    basis: Literal["", "consent", "contract_in_progress", "request_callback", "press"] | None = None
    caller_ids: Annotated[tuple[CallerId, ...], Field(strict=False, max_length=200)] | None = None
    tighten: Annotated[dict[str, dict[str, Any]], Field(max_length=100)] | None = None


class CampaignCreate(CampaignValues, LawValues):
    """A new campaign, stopped."""

    campaign_id: Id
    name: Text = ""
    principal: Text = ""


class CampaignSet(CampaignValues, LawValues):
    """Change a campaign's settings; they hold from the next call on."""

    campaign_id: Id


class CampaignMove(Params):
    """Start, pause or stop a campaign."""

    campaign_id: Id
    state: Annotated[CampaignState, Field(strict=False)]
    reason: Text = ""


class CampaignRef(Params):
    """One campaign."""

    campaign_id: Id


class CampaignFilter(Params):
    """One campaign or all."""

    campaign_id: Id | None = None


class AgentAdd(Params):
    """A new agent."""

    agent_id: Id
    campaign_id: Id
    phone: Endpoint
    pin: Pin
    name: Text = ""
    line_mode: Annotated[LineMode, Field(strict=False)] = LineMode.ON_LINE


class AgentSet(Params):
    """Change an agent; unset ones keep what they were."""

    agent_id: Id
    campaign_id: Id | None = None
    phone: Endpoint | None = None
    pin: Pin | None = None
    name: Text | None = None
    line_mode: Annotated[LineMode, Field(strict=False)] | None = None


class AgentRef(Params):
    """One agent."""

    agent_id: Id


class AgentPause(Params):
    """Pause an agent."""

    agent_id: Id
    reason: Reason = "pause"


class AgentLogin(Params):
    """An agent typed id and PIN on a phone; the channel is Asterisk's name and Uniqueid of that phone's call."""

    agent_id: Annotated[str, Field(max_length=MAX_TEXT)]
    pin: Annotated[str, Field(max_length=MAX_TEXT)]
    channel: Annotated[str, _shaped(r"[\x21-\x7e]{1,128}", "the name of a channel")]
    channel_id: AttemptId


class CallbackWish(Params):
    """When a person is to be called back, by the person's clock, and by whom.

    ``evidence``: where the consent to this very time is kept; outside legal hours nothing else allows it.
    """

    callback_at: When | None = None
    callback_agent: Id | None = None
    anyone: bool = False
    note: Text = ""
    evidence: Text = ""


class CallbackAdd(CallbackWish):
    """A promise to call a lead back, by the number that is next or the one given."""

    lead_id: Annotated[int, Field(ge=1, le=2**62)]
    number: CallerId | None = None


class CallbackFilter(Params):
    """Callbacks of one campaign or agent; ``ended``: those that wait no more too."""

    campaign_id: Id | None = None
    agent_id: Id | None = None
    overdue: bool = False
    ended: bool = False


class CallbackMove(Params):
    """Another time for a callback; evidence that is not given stays what it was."""

    callback_id: CallbackId
    at: When
    evidence: Text | None = None


class CallbackAssign(Params):
    """Another agent for a callback; None: anybody."""

    callback_id: CallbackId
    agent_id: Id | None = None


class CallbackCancel(Params):
    """Take a promise back."""

    callback_id: CallbackId
    reason: Text = ""


class AgentDisposition(CallbackWish):
    """What an agent says came of the last call: the word, or the key on the phone that stands for it."""

    agent_id: Id
    disposition: Disposition | None = None
    key: Key | None = None


class DispositionSet(CallbackWish):
    """Correct what came of an ended attempt."""

    attempt_id: AttemptId
    disposition: Disposition


class LeadsImport(Params):
    """Import a file that the daemon can read; ``columns`` maps roles to columns of the file: {"phone": "Tel"}.

    ``region`` is the country of numbers written without one; ``want_refused``: send the refused rows back as CSV.
    """

    path: FilePath
    campaign_id: Id
    list: Reason
    dry_run: bool = False
    want_refused: bool = False
    columns: Columns = {}
    profile: Id | None = None
    region: Region = "FR"
    encoding: Encoding | None = None
    separator: Separator | None = None
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0


class ListWeight(Params):
    """A list's share of its campaign's calls, as a weight; 0: the list rests."""

    campaign_id: Id
    list: Reason
    weight: Annotated[int, Field(ge=0, le=100)]


class LeadsCheck(Params):
    """Say what a file is worth without importing it. ``profile``: read its columns as that profile says, and keep them.

    ``preset``: else the campaign's, else fr. ``agents``: else as many as the campaign has.
    """

    path: FilePath
    campaign_id: Id | None = None
    preset: Annotated[str, AfterValidator(_known_preset)] | None = None
    agents: Annotated[int, Field(ge=0, le=10_000)] | None = None
    calls_per_agent_h: Annotated[float, Field(gt=0, le=1000)] | None = None
    columns: Columns = {}
    profile: Id | None = None
    region: Region = "FR"
    encoding: Encoding | None = None
    separator: Separator | None = None


class OutcomesExport(Params):
    """Outcomes of one campaign or all, reserved from ``since`` to before ``until`` (seconds since the epoch)."""

    campaign_id: Id | None = None
    since: Time = 0.0
    until: Time = 4_102_444_800.0


class Explain(Params):
    """One attempt."""

    attempt_id: AttemptId


class Abandonment(Params):
    """Abandoned calls of one campaign or of each: now, or at the end of a day (``2026-11-20``)."""

    campaign_id: Id | None = None
    day: Annotated[str, _a_date()] | None = None


class PacingExplain(Params):
    """The decision at a moment (seconds since the epoch; unset: the last) of one campaign or of each."""

    campaign_id: Id | None = None
    at: Time | None = None


class PacingHistory(Params):
    """A campaign's attempts and agents from ``since`` to before ``until``, seconds since the epoch."""

    campaign_id: Id
    since: Time
    until: Time


class StatusWatch(Params):
    """The status again and again, ``interval_s`` apart."""

    interval_s: Annotated[float, Field(ge=0.2, le=60)] = 1.0


P = TypeVar("P", bound=Params)


def read(model: type[P], params: JsonObject) -> P:
    """The parameters as ``model``. Raises BadRequestError naming each one at fault; values are not repeated."""
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        faults = [_fault(fault["type"], fault["loc"], fault["msg"]) for fault in error.errors(include_input=False)]
        raise BadRequestError("; ".join(faults) + ".") from error


def _fault(kind: str, place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]) if place else "the request"
    if kind == "extra_forbidden":
        return f"{name[:MAX_TEXT]}: there is no such parameter"
    text = message.removeprefix("Value error, ")
    return f"{name}: {text[:1].lower()}{text[1:]}"
