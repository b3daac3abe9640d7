"""Benchmarks: what is said of speed, measured. ``make bench`` runs them all."""

import sys
from pathlib import Path

# The testbed is not installed with the dialer.
sys.path.insert(0, str(Path(__file__).parents[1] / "asterisk" / "testbed"))
