"""Keyed hashes of numbers and persons: a list of them tells nobody who is on it, and erased people stay on it."""

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path

from dialer.store.errors import StoreUnavailable

_KEY_BYTES = 32
_SEAL_BYTES = 16
_BLOCK_BYTES = 64


def key_path(store: Path) -> Path:
    """Where the key of a store is."""
    return store.with_name(f"{store.name}.key")


def key_of(store: Path, *, create: bool) -> bytes:
    """The key in the file beside ``store`` (mode 0600), made when it is new. StoreUnavailable when it cannot be read.

    Whoever loses the file loses the do-not-call list with it: back it up with the store.
    """
    path = key_path(store)
    try:
        if create and not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        hint = "Restore it from the backup of the store: without it nobody on the do-not-call list is known."
        raise StoreUnavailable(f"The key {path} cannot be read: {error.strerror}.", hint=hint) from error
    if len(key) != _KEY_BYTES:
        raise StoreUnavailable(f"The key {path} is damaged: {len(key)} bytes.", hint="Restore it from a backup.")
    return key


def add_seal(db: sqlite3.Connection, key: bytes) -> None:
    """Teach a connection the SQL function ``seal(text)``: the keyed hash of a number or of ``person:`` and an id."""

    db.create_function("seal", 1, sealer(key), deterministic=True)


def sealer(key: bytes) -> Callable[[str], bytes]:
    """The keyed hash of a number or of ``person:`` and an id: HMAC-SHA256 (RFC 2104), its first 16 bytes."""
    # The key's own blocks are hashed once, not for each of a million numbers: a third of the time of hmac.digest.
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key.ljust(_BLOCK_BYTES, b"\0")))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key.ljust(_BLOCK_BYTES, b"\0")))

    def seal(text: str) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(text.encode())
        second.update(first.digest())
        return second.digest()[:_SEAL_BYTES]

    return seal


def _make(path: Path) -> None:
    # Whole or not at all: a key cut short by a crash would be the end of the list.
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
