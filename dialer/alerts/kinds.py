"""Every kind of alert, and one look at all of them."""

from collections.abc import Iterator

from dialer.alerts import campaigns, house, lines
from dialer.alerts.facts import Facts
from dialer.alerts.words import KINDS, Reading
from dialer.config_telling import Alerts

__all__ = ["KINDS", "ROOMS", "read_all"]

ROOMS = (campaigns, lines, house)  # importing them fills KINDS


def read_all(facts: Facts, settings: Alerts) -> Iterator[tuple[str, Reading]]:
    """What each rule sees now, with the name of its kind."""
    for name, kind in KINDS.items():
        for reading in kind.rule(facts, settings):
            yield name, reading
