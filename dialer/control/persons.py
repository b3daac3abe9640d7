"""What the commands of the law share: how a person is named, who did it, and signs of life from long work."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

from dialer.control.law_requests import Whom
from dialer.control.server import Call
from dialer.control.wire import BadRequestError

T = TypeVar("T")
_SIGN_EVERY_S: Final = 2.0


def e164(written: str, region: str) -> str:
    """A number in E.164. BadRequestError says why a text is none."""
    from dialer.leads.numbers import Refusal, parse  # the number plans are large

    found = parse(written, region)
    if isinstance(found, Refusal):
        hint = "Write it as +33142000000, or as people do where --region says."
        raise BadRequestError(f"{written!r} is no number to call: {found.detail}", hint=hint)
    return found.e164


def names(numbers: Iterable[str], person_ids: Iterable[str], region: str) -> list[str]:
    """The names under which the store keeps wishes and consents."""
    return [*(e164(number, region) for number in numbers), *(f"person:{each.strip()}" for each in person_ids)]


def name(whom: Whom) -> str:
    """The one name that a request gives."""
    (found,) = names([whom.number] if whom.number else [], [whom.person_id] if whom.person_id else [], whom.region)
    return found


def source(call: Call, what: str) -> str:
    """Who did what, as the store keeps it beside an entry."""
    return f"{what} by {call.peer.user}"


async def telling(call: Call, stage: str, work: Coroutine[Any, Any, T]) -> T:
    """Do ``work`` and send a sign of life now and then. When the asker goes away, it is given up."""
    task = asyncio.create_task(work, name=stage)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_SIGN_EVERY_S)
            if not task.done():
                await call.send({"progress": {"stage": stage}})
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
