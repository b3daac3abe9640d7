"""Agents' PINs: kept as argon2 hashes, checked in a thread, for one check takes tens of milliseconds by design."""

import asyncio
import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from dialer.store.errors import Invalid

_PIN = re.compile(r"[0-9]{4,12}")
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's least for argon2id, 2024


async def hash_pin(pin: str) -> str:
    """The hash to keep. Invalid unless the PIN is 4 to 12 digits, which is what a phone can type."""
    if not _PIN.fullmatch(pin):
        raise Invalid("A PIN is 4 to 12 digits.")
    return await asyncio.to_thread(_HASHER.hash, pin)


async def is_right(pin: str, kept: str | None) -> bool:
    """Whether ``pin`` belongs to the hash ``kept``; False, after the same time, when there is none."""
    matches = await asyncio.to_thread(_verify, pin, kept)
    return matches and kept is not None


@cache
def _nobodys() -> str:
    """Checked when the agent is unknown, so that the answer takes as long and tells nothing."""
    return _HASHER.hash("no agent has this")


def _verify(pin: str, kept: str | None) -> bool:
    nobodys = _nobodys()  # made before either check, so that the first one takes no longer for an unknown agent
    try:
        return _HASHER.verify(kept or nobodys, pin)
    except VerificationError:
        return False
