"""The policies by name."""

from typing import Final

from pacing.pacer import Pacer
from pacing.progressive import Progressive

POLICIES: Final[dict[str, type[Pacer]]] = {
    "progressive": Progressive,
}
