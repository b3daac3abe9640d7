"""Commands over MQTT: the configuration says who may do what, the topic who it is, and the broker's ACL guards topics.

``cmd/USER/VERB`` takes one JSON object; ``reply/USER`` answers it. Every command is on record, carried out or not.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiomqtt
import structlog

from dialer.clock import Clock
from dialer.config_telling import Mqtt
from dialer.control.server import Call, Handler, Peer
from dialer.control.wire import BadRequestError, JsonObject, RefusedError, describe
from dialer.errors import DialerError
from dialer.mqtt.outbox import Outbox
from dialer.store.alerts import Audit

log = structlog.get_logger(__name__)

FILTER: Final = "cmd/+/+"
MAX_BYTES: Final = 4_096
MAX_TEXT: Final = 500
LIMIT_S: Final = 15.0
IDS_KEPT: Final = 1_000
PACING: Final = ("max_ratio", "max_lines", "max_calls_per_s", "ratio", "abandonment_target_pct", "cancel_after_s")
VERBS: Final[Mapping[str, str]] = {
    "pause": "Pause a campaign: `campaign_id`, and a `reason` if wanted.",
    "resume": "Let a campaign dial (again): `campaign_id`.",
    "stop_all": "Stop every campaign that is running or paused; talks go on.",
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


@dataclass(frozen=True, slots=True)
class _Wish:
    """One command as it came."""

    user: str
    verb: str
    command_id: str
    params: dict[str, Any]


@dataclass(slots=True)
class MqttCommands:
    """Takes the messages of ``cmd/#``. ``handlers`` are those of the control socket."""

    settings: Callable[[], Mqtt]
    handlers: Mapping[str, Handler]
    outbox: Outbox
    audit: AuditDoor
    clock: Clock
    _seen: deque[str] = field(default_factory=lambda: deque(maxlen=IDS_KEPT))

    async def take(self, message: aiomqtt.Message) -> None:
        """Carry out one command, answer it, put it on record."""
        user, verb = str(message.topic).rsplit("/", 2)[1:]
        wish = _Wish(user, verb, "", {})
        answer: dict[str, Any] = {"result": "done", "message": ""}
        try:
            wish = self._read(message, user, verb)
            async with asyncio.timeout(LIMIT_S):
                await self._carry_out(wish)
        except DialerError as error:
            told = describe(error)
            answer = {"result": error.code, "message": told["message"]}
        except TimeoutError:
            answer = {"result": "overdue", "message": f"{verb} was not done in time."}
        now = self.clock()
        log.info("mqtt_command", user=user, command=verb, result=answer["result"])
        # Not among the alerts: whoever floods us with commands must not push them out.
        self.outbox.tell_event(f"reply/{user}", {"id": wish.command_id, "command": verb, **answer}, now)
        await self._put_on_record(Audit(now, user, "mqtt", verb, wish.params, answer["result"]))

    async def _put_on_record(self, audit: Audit) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                await self.audit(audit)
        except (DialerError, TimeoutError) as error:
            log.error("command_not_on_record", user=audit.who, command=audit.command, why=str(error))  # noqa: TRY400

    # --- may it be? --------------------------------------------------------------------------------------------------

    def _read(self, message: aiomqtt.Message, user: str, verb: str) -> _Wish:
        if verb not in self.settings().commands.get(user, ()):
            raise NotAllowedError(f"{user} may not {verb} over MQTT.", hint="See [mqtt] commands.")
        if message.retain:
            raise StaleCommandError("A retained command is never carried out.")
        params = _object(message.payload)
        wish = _Wish(user, verb, str(params.pop("id", ""))[:64], params)
        self._expect_fresh(wish)
        return wish

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
        known = await self._ask(wish, "campaign_list", {})
        for campaign in known["campaigns"]:
            if campaign["state"] in ("running", "paused"):
                move = {"campaign_id": campaign["campaign_id"], "state": "stopped", **wish.params}
                await self._ask(wish, "campaign_move", move)

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
        found = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The command is not JSON.") from error
    if not isinstance(found, dict):
        raise BadRequestError("The command is not a JSON object.")
    return found


def _time(value: object) -> float:
    """Seconds since the epoch, or ISO 8601 with its offset."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise StaleCommandError("The command does not say when it was sent.", hint="Send `ts`.") from error
    if at.tzinfo is None:
        raise StaleCommandError("The command's time has no offset.", hint="Send `ts` in UTC, with a Z.")
    return at.timestamp()


def _expect_only(params: Mapping[str, Any], *known: str) -> None:
    unknown = sorted(params.keys() - set(known))
    if unknown:
        raise BadRequestError(f"{unknown[0]!r} is not taken; known are {', '.join(known)}.")
