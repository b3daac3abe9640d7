"""Writes docs/reference/metrics.md: ``python -m dialer.metrics.reference > docs/reference/metrics.md``."""

import sys

from dialer.metrics.catalogue import CATALOGUE, MOST_CAMPAIGNS

_TOP = f"""\
# Metrics

`GET /metrics` on the port or socket of `[metrics]` (off until one is set), as Prometheus and OpenMetrics write them.
Counters count from the daemon's start. Labels are bounded: at most {MOST_CAMPAIGNS} campaigns, and the words of the
trade; no label names an agent, a lead or a number. What the operating system says of the process comes beside these, as
`process_*`. [How to monitor](../how-to/monitoring.md) tells how to scrape them, and of the dashboard and alert rules.

<!-- Written by `python -m dialer.metrics.reference`; do not edit. -->

| metric | type | labels | meaning |
|---|---|---|---|
"""


def render() -> str:
    """The reference page."""
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |\n"
        for metric in CATALOGUE
    ]
    return _TOP + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(render())
