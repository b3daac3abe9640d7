"""One line of ``dialer doctor``, the same for every room that is looked at."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is well, what was seen, and what to type when it is not."""

    name: str
    ok: bool
    seen: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)
