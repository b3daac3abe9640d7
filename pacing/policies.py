"""The policies by name."""

from typing import Final

from pacing.pacer import Pacer
from pacing.predictive import Predictive
from pacing.progressive import Progressive

POLICIES: Final[dict[str, type[Pacer]]] = {
    "predictive": Predictive,
    "progressive": Progressive,
}
