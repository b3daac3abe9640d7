"""What was learned, as bytes: a header, a checksum, and compressed JSON.

Written only by ``pack`` and read only by ``unpack``, which refuses what it does not know.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from pacing.errors import PacingError

_HEADER: Final = b"dialerd-pacing\x00"
VERSION: Final = 1
_MAX_JSON_BYTES: Final = 8_000_000  # a damaged blob must not unfold without bound


def pack(policy: str, learned: Mapping[str, Any]) -> bytes:
    """Bytes that ``unpack`` gives back."""
    text = json.dumps({"version": VERSION, "policy": policy, "learned": learned}, allow_nan=False)
    body = zlib.compress(text.encode())
    return _HEADER + zlib.crc32(body).to_bytes(4, "big") + body


def unpack(blob: bytes) -> dict[str, Any]:
    """What ``pack`` was given as ``learned``.

    Raises PacingError if the blob is foreign, damaged, or of another version.
    """
    start = len(_HEADER)
    if not isinstance(blob, bytes) or blob[:start] != _HEADER:
        raise PacingError("memory: this is not a pacing memory; start without one.")
    body = blob[start + 4 :]
    if zlib.crc32(body).to_bytes(4, "big") != blob[start : start + 4]:
        raise PacingError("memory: the checksum does not match, it is damaged; start without one.")
    unfold = zlib.decompressobj()
    try:
        content = json.loads(unfold.decompress(body, _MAX_JSON_BYTES))
    except (zlib.error, ValueError) as error:
        raise PacingError(f"memory: it cannot be read ({error}); start without one.") from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise PacingError(f"memory: not of version {VERSION}; start without one.")
    learned = content.get("learned")
    if not isinstance(learned, dict):
        raise PacingError("memory: it holds nothing learned; start without one.")
    return learned
