"""Commands over MQTT: the configuration says who may do what, the topic who it is, and the broker's ACL guards topics.

``cmd/USER/VERB`` takes one JSON object; ``reply/USER`` answers it. Every command is on record, carried out or not.
Commands are carried out one after the other, each to its end: neither a time limit nor a lost connection cuts one.
"""

import asyncio
import json
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NoReturn

import aiomqtt
import structlog

from dialer.clock import Clock
from dialer.config_telling import Mqtt
from dialer.control.server import Call, Handler, InternalError, OverdueError, Peer
from dialer.control.trail import told_params
from dialer.control.wire import BadRequestError, JsonObject, RefusedError, describe
from dialer.errors import DialerError
from dialer.mqtt.outbox import Outbox
from dialer.store.alerts import Audit

log = structlog.get_logger(__name__)

FILTER: Final = "cmd/+/+"
MAX_BYTES: Final = 4_096
MAX_TEXT: Final = 500
MAX_NAME: Final = 80  # longer than any that the configuration may allow
LIMIT_S: Final = 15.0  # then the sender is told that it takes longer; it goes on
RECORD_LIMIT_S: Final = 5.0
FAREWELL_S: Final = 5.0
IDS_KEPT: Final = 1_000
PACING: Final = ("max_ratio", "max_lines", "max_calls_per_s", "ratio", "abandonment_target_pct", "cancel_after_s")
VERBS: Final[Mapping[str, str]] = {
    "pause": "Pause a campaign: `campaign_id`, and a `reason` if wanted.",
    "resume": "Let a campaign dial (again): `campaign_id`.",
    "stop_all": "Stop every campaign that is running or paused; talks go on. Those that could not be are named.",
    "set_pacing": f"Change bounds of a campaign's pacing: `campaign_id` and one or more of {', '.join(PACING)}.",
    "message": "A line of text for an agent's screen: `agent_id` and `text`; it is told on `agent/ID/message`.",
}

AuditDoor = Callable[[Audit], Awaitable[None]]


class NotAllowedError(DialerError):
    """The configuration does not let this user do this over MQTT."""

    code = "not_allowed"


class StaleCommandError(DialerError):
    """The command is retained, expired, of no known time, or came twice."""

    code = "stale"


@dataclass(slots=True)
class _Wish:
    """One command as it came; id and parameters are known once it has been read."""

    user: str
    verb: str
    command_id: str = ""
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class MqttCommands:
    """Takes the messages of ``cmd/#``. ``handlers`` are those of the control socket."""

    settings: Callable[[], Mqtt]
    handlers: Mapping[str, Handler]
    outbox: Outbox
    audit: AuditDoor
    clock: Clock
    _seen: deque[str] = field(default_factory=lambda: deque(maxlen=IDS_KEPT))
    _under_way: asyncio.Task[None] | None = None

    async def take(self, message: aiomqtt.Message) -> None:
        """Carry out one command, put it on record, answer it. Raises nothing.

        What is not done in time is answered with ``overdue``, and again when it has ended; the next one waits for it.
        """
        if self._under_way is not None:
            await asyncio.wait([self._under_way])
        user, verb = str(message.topic).rsplit("/", 2)[1:]
        wish = _Wish(user[:MAX_NAME], verb[:MAX_NAME])
        # A task of its own, which outlives this session with the broker: half a pause is no pause.
        self._under_way = asyncio.create_task(self._serve(wish, message), name="mqtt-command")
        done, _ = await asyncio.wait([self._under_way], timeout=LIMIT_S)
        if not done:
            self._answer(wish, OverdueError.code, f"{wish.verb} takes longer; what comes of it will be told.")

    async def close(self) -> None:
        """Let the command under way end, for a while; call it when no more can come."""
        if self._under_way is not None:
            await asyncio.wait([self._under_way], timeout=FAREWELL_S)
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)

    async def _serve(self, wish: _Wish, message: aiomqtt.Message) -> None:
        at, result, text = self.clock(), "cut_short", ""
        try:
            self._read(wish, message)
            await self._carry_out(wish)
            result = "done"
        except DialerError as error:
            result, text = error.code, str(describe(error)["message"])
        except Exception:  # a guard: one bad command must not end the session and take the others' with it
            log.exception("mqtt_command_failed", user=wish.user, command=wish.verb)
            result, text = InternalError.code, "The daemon failed at this command."
        finally:
            log.info("mqtt_command", user=wish.user, command=wish.verb, result=result)
            await self._put_on_record(wish, at, result)
            self._answer(wish, result, text)

    def _answer(self, wish: _Wish, result: str, text: str) -> None:
        told = {"id": wish.command_id, "command": wish.verb, "result": result, "message": text}
        # Not among the alerts: whoever floods us with commands must not push them out.
        self.outbox.tell_event(f"reply/{wish.user}", told, self.clock())

    async def _put_on_record(self, wish: _Wish, at: float, result: str) -> None:
        params = told_params(wish.params, known=result != BadRequestError.code)
        try:
            async with asyncio.timeout(RECORD_LIMIT_S):
                await self.audit(Audit(at, wish.user, "mqtt", wish.verb, params, result))
        except Exception as error:  # a guard, as above; what was done is done
            log.exception("command_not_on_record", user=wish.user, command=wish.verb, why=str(error))

    # --- may it be? --------------------------------------------------------------------------------------------------

    def _read(self, wish: _Wish, message: aiomqtt.Message) -> None:
        if wish.verb not in self.settings().commands.get(wish.user, ()):
            raise NotAllowedError(f"{wish.user} may not {wish.verb} over MQTT.", hint="See [mqtt] commands.")
        wish.params = _object(message.payload)
        wish.command_id = str(wish.params.pop("id", ""))[:64]
        if message.retain:
            raise StaleCommandError("A retained command is never carried out.")
        self._expect_fresh(wish)

    def _expect_fresh(self, wish: _Wish) -> None:
        age_s = self.clock() - _time(wish.params.pop("ts", None))
        if abs(age_s) > self.settings().command_age_s:
            raise StaleCommandError(f"The command is {age_s:.0f} s old.", hint="Send `ts`, the present time.")
        expires = wish.params.pop("expires_at", None)
        if expires is not None and _time(expires) < self.clock():
            raise StaleCommandError("The command has expired.")
        if not wish.command_id:
            raise BadRequestError("The command has no `id`: a command that comes twice could not be told from two.")
        key = f"{wish.user}/{wish.command_id}"
        if key in self._seen:
            raise StaleCommandError("A command of this id came before.")
        self._seen.append(key)

    # --- let it be ---------------------------------------------------------------------------------------------------

    async def _carry_out(self, wish: _Wish) -> None:
        match wish.verb:
            case "pause" | "resume":
                _expect_only(wish.params, "campaign_id", "reason")
                state = "paused" if wish.verb == "pause" else "running"
                await self._ask(wish, "campaign_move", {**wish.params, "state": state})
            case "stop_all":
                _expect_only(wish.params, "reason")
                await self._stop_all(wish)
            case "set_pacing":
                _expect_only(wish.params, "campaign_id", *PACING)
                await self._ask(wish, "campaign_set", wish.params)
            case "message":
                _expect_only(wish.params, "agent_id", "text")
                await self._message(wish)

    async def _stop_all(self, wish: _Wish) -> None:
        # By what the floor says, not the record: it is the floor that dials.
        status = await self._ask(wish, "status", {})
        known = [each["campaign_id"] for each in status["campaigns"] if each["state"] != "finished"]
        failed = [f"{each} ({why})" for each in known if (why := await self._stop(wish, each))]
        if failed:
            raise RefusedError(f"Not stopped: {', '.join(failed)}. All others are.")

    async def _stop(self, wish: _Wish, campaign_id: str) -> str:
        """Why a campaign could not be stopped; empty: it is."""
        try:
            await self._ask(wish, "campaign_move", {"campaign_id": campaign_id, "state": "stopped", **wish.params})
        except DialerError as error:
            return str(describe(error)["message"])
        except Exception:  # a guard: the other campaigns must not dial on for a fault at this one
            log.exception("mqtt_command_failed", user=wish.user, command=wish.verb, campaign=campaign_id)
            return "the daemon failed at it"
        return ""

    async def _message(self, wish: _Wish) -> None:
        agent_id, text = wish.params.get("agent_id"), wish.params.get("text")
        known = await self._ask(wish, "agent_list", {})
        if agent_id not in {agent["agent_id"] for agent in known["agents"]}:
            raise RefusedError(f"There is no agent {agent_id}.")
        if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= MAX_TEXT:
            raise BadRequestError(f"`text` must be one line of 1 to {MAX_TEXT} characters.")
        told = {"agent_id": agent_id, "by": wish.user, "text": text}
        self.outbox.tell_event(f"agent/{agent_id}/message", told, self.clock())

    async def _ask(self, wish: _Wish, command: str, params: JsonObject) -> JsonObject:
        async def send(_part: JsonObject) -> None:
            """Nobody listens to parts."""

        return await self.handlers[command](Call(params, Peer(pid=0, uid=-1, name=f"{wish.user} over MQTT"), send))


def _object(payload: object) -> dict[str, Any]:
    if not isinstance(payload, (bytes, bytearray)) or len(payload) > MAX_BYTES:
        raise BadRequestError(f"The command must be a JSON object of at most {MAX_BYTES} bytes.")
    try:
        found = json.loads(payload, parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate can be neither kept nor answered
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The command is not JSON.") from error
    if not isinstance(found, dict):
        raise BadRequestError("The command is not a JSON object.")
    if any(isinstance(value, (dict, list)) for value in found.values()):
        raise BadRequestError("The command is not flat: lists and objects in it are not taken.")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON.")


def _time(value: object) -> float:
    """Seconds since the epoch, or ISO 8601 with its offset."""
    try:
        if isinstance(value, (int, float)) and math.isfinite(value):
            return float(value)
        at = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError) as error:
        raise StaleCommandError("The command does not say when it was sent.", hint="Send `ts`.") from error
    if at.tzinfo is None:
        raise StaleCommandError("The command's time has no offset.", hint="Send `ts` in UTC, with a Z.")
    return at.timestamp()


def _expect_only(params: Mapping[str, Any], *known: str) -> None:
    unknown = sorted(params.keys() - set(known))
    if unknown:
        raise BadRequestError(f"{unknown[0]!r} is not taken; known are {', '.join(known)}.")
