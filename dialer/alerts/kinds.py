"""Every kind of alert."""

from dialer.alerts import campaigns, house, lines
from dialer.alerts.words import KINDS

__all__ = ["KINDS", "ROOMS"]

ROOMS = (campaigns, lines, house)  # importing them fills KINDS
