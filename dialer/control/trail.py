"""The audit trail: who commanded what, when, from where, and what came of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog

from dialer.control import requests as rq
from dialer.control.server import LOOKING, Call, Handler, InternalError
from dialer.control.services import Services
from dialer.control.wire import BadRequestError, JsonObject
from dialer.errors import DialerError
from dialer.log import mask, mask_text, mask_value
from dialer.store import alerts as records
from dialer.store.alerts import Audit

log = structlog.get_logger(__name__)

LIMIT_S: Final = 2.0  # a sick disk must not keep a supervisor from pausing a campaign; an agent's phone waits 4 s
MOST_CHARS: Final = 2_000
MOST_NAMES: Final = 50
MOST_NAME: Final = 40
HIDDEN: Final = "•••"
# What may speak of a called person, or open a door, is not repeated: an erased person would stay in the trail.
_SECRET: Final = frozenset({"pin", "person_id", "person_ids", "note", "evidence", "proof", "slots"})
_NUMBERS: Final = frozenset({"number", "numbers"})
_OUR_NUMBERS: Final = frozenset({"caller_id", "caller_ids"})


Entry = Callable[[Call, Audit], Audit | None]


def as_told(_call: Call, audit: Audit) -> Audit:
    """The entry of a command as it was given."""
    return audit


@dataclass(frozen=True, slots=True)
class Trail:
    """Puts commands on record. ``origin`` is where they come from: ``socket``, ``command line`` or ``phone``.

    ``entry`` has the last word on what is kept of a command; None: nothing.
    """

    services: Services
    origin: str
    entry: Entry = as_told

    def over(self, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """The same commands, each put on record when it is done or refused; those that only look stay as they are."""
        return {
            name: handler if name in LOOKING else partial(self._carry_out, name, handler)
            for name, handler in handlers.items()
        }

    async def _carry_out(self, command: str, handler: Handler, call: Call) -> JsonObject:
        async with self._on_record(command, call):
            return await handler(call)

    @asynccontextmanager
    async def _on_record(self, command: str, call: Call) -> AsyncIterator[None]:
        at, result = self.services.now(), "cut_short"  # by the asker who went away, or by the time limit
        try:
            yield
            result = "done"
        except DialerError as error:
            result = error.code
            raise
        except Exception:  # a fault of the program is the server's to tell; here it is only put on record
            result = InternalError.code
            raise
        finally:
            params = told_params(call.params, known=result != BadRequestError.code)
            audit = self.entry(call, Audit(at, call.peer.user, self.origin, command, params, result))
            if audit is not None:
                await self._keep(audit)

    async def _keep(self, audit: Audit) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                await self.services.store.write(lambda db: records.write_audit(db, audit))
        except (DialerError, TimeoutError) as error:
            log.error("command_not_on_record", user=audit.who, command=audit.command, why=str(error))  # noqa: TRY400


def told_params(params: JsonObject, *, known: bool = True) -> dict[str, Any]:
    """Parameters as the trail keeps them: no PIN, no text on a person, numbers of people masked.

    Of what was refused as malformed (not ``known``) and of what is too long only the names are kept.
    """
    text = _as_json({name: _told(name, value) for name, value in params.items() if value is not None})
    if not known or len(text) > MOST_CHARS:
        text = _as_json({"parameters": sorted(mask_text(name[:MOST_NAME]) for name in params)[:MOST_NAMES]})
    told: dict[str, Any] = json.loads(text)
    return told


def _as_json(told: Mapping[str, object]) -> str:
    """As the store can keep it: a half surrogate is no text in UTF-8, and NaN is no JSON."""
    text = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace").decode()
    return json.dumps(json.loads(text, parse_constant=str), ensure_ascii=False)


def _told(name: str, value: object) -> object:
    if name in _SECRET:
        return HIDDEN
    if name in _OUR_NUMBERS:
        return value
    if name in _NUMBERS:
        return mask(value) if isinstance(value, str) else f"{len(value) if isinstance(value, list) else 0} numbers"
    return mask_value(value)


async def list_all(services: Services, call: Call) -> JsonObject:
    """What was commanded, the newest first."""
    wish = rq.read(rq.TrailList, call.params)
    asked = records.Asked(wish.since, wish.until, wish.who, wish.campaign_id, wish.agent_id, wish.most)
    return {"commands": await services.store.read(lambda db: records.commanded(db, asked))}
