"""What each command takes. A parameter that is unknown, missing or out of bounds is refused before anything happens."""

from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from dialer.control.wire import BadRequestError, JsonObject
from dialer.floor.words import CampaignState, LineMode

MAX_TEXT: Final = 200

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Text = Annotated[str, Field(max_length=MAX_TEXT, pattern=r"^[^\x00-\x1f\x7f]*$")]
Reason = Annotated[Text, Field(min_length=1)]
Endpoint = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Disposition = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Pin = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
Key = Annotated[str, Field(pattern=r"^[0-9]$")]
AttemptId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Time = Annotated[float, Field(ge=0, le=4_102_444_800)]  # to the year 2100


def _known_policy(name: str) -> str:
    from pacing import POLICIES

    if name not in POLICIES:
        raise ValueError(f"the policies are {', '.join(sorted(POLICIES))}")
    return name


class Params(BaseModel):
    """The parameters of one command."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, str_max_length=4096)


class Nothing(Params):
    """A command without parameters."""


class CampaignValues(Params):
    """Settings of a campaign; unset ones keep what they were, or the configuration's default in a new campaign."""

    trunk: Endpoint | None = None
    caller_id: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = None
    ring_timeout_s: Annotated[float, Field(ge=5, le=120)] | None = None
    connect_deadline_s: Annotated[float, Field(ge=0.5, le=10)] | None = None
    wrap_up_s: Annotated[float, Field(ge=0, le=3600)] | None = None
    max_lines: Annotated[int, Field(ge=1, le=10_000)] | None = None
    max_calls_per_s: Annotated[float, Field(ge=0.1, le=500)] | None = None
    abandonment_limit_pct: Annotated[float, Field(ge=0, le=10)] | None = None
    policy: Annotated[str, AfterValidator(_known_policy)] | None = None
    language: Annotated[str, Field(pattern=r"^(fr|en)$")] | None = None
    message: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]{0,127}$")] | None = None
    dispositions: dict[Key, Disposition] | None = None
    keypad_disposition: bool | None = None


class CampaignCreate(CampaignValues):
    """A new campaign, stopped."""

    campaign_id: Id
    name: Text = ""
    principal: Text = ""


class CampaignSet(CampaignValues):
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
    channel: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,128}$")]
    channel_id: AttemptId


class AgentDisposition(Params):
    """What an agent says came of the last call: the word, or the key on the phone that stands for it."""

    agent_id: Id
    disposition: Disposition | None = None
    key: Key | None = None


class DispositionSet(Params):
    """Correct what came of an ended attempt."""

    attempt_id: AttemptId
    disposition: Disposition


class LeadsImport(Params):
    """Import a file that the daemon can read; ``mapping`` names columns: {"phone": "Tel"}."""

    path: Annotated[str, Field(min_length=1)]
    campaign_id: Id
    list: Annotated[Text, Field(min_length=1)]
    dry_run: bool = False
    mapping: dict[str, str] = Field(default_factory=dict, max_length=50)


class OutcomesExport(Params):
    """Outcomes of one campaign or all, reserved from ``since`` to before ``until`` (seconds since the epoch)."""

    campaign_id: Id | None = None
    since: Time = 0.0
    until: Time = 4_102_444_800.0


class Explain(Params):
    """One attempt."""

    attempt_id: AttemptId


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
    return f"{name}: {message[0].lower()}{message[1:].removeprefix('alue error, ')}"
