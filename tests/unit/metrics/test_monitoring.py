"""The dashboard and the alert rules that we ship ask for metrics that there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialer.metrics.catalogue import BY_NAME

ROOT = Path(__file__).parents[3]
RULES = ROOT / "config/monitoring/dialer.rules.yml"
DASHBOARD = ROOT / "config/monitoring/grafana-dashboard.json"
TESTS = Path(__file__).with_name("rules.test.yml")
_SELECTED = re.compile(r"\b(dialer_\w+)(?:\{([^}]*)\})?")
_GROUPED = re.compile(r"\b(?:by|on) \(([^)]*)\)")
_OF_PROMETHEUS = {"instance", "job", "le"}


def expressions() -> Iterator[tuple[str, str]]:
    found = re.findall(
        r"expr: (?:>-)?((?:.|\n)*?)\n +(?:for|labels|- record|- alert):", RULES.read_text() + "\n - alert:"
    )
    for number, expr in enumerate(found):
        yield f"rule {number}", expr
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def metric_of(name: str) -> str:
    for suffix in ("_bucket", "_sum", "_count"):
        stem = name.removesuffix(suffix)
        if stem != name and stem in BY_NAME and BY_NAME[stem].kind == "histogram":
            return stem
    return name


@pytest.mark.parametrize(("place", "expr"), list(expressions()))
def test_every_metric_and_label_that_is_asked_for_exists(place: str, expr: str) -> None:
    labels: set[str] = set()
    for name, selector in _SELECTED.findall(expr):
        assert metric_of(name) in BY_NAME, name
        known = {*BY_NAME[metric_of(name)].labels, *_OF_PROMETHEUS}
        assert set(re.findall(r"(\w+)(?:=~|!=|=)", selector)) <= known
        labels |= known
    for grouped in _GROUPED.findall(expr):
        assert {label.strip() for label in grouped.split(",")} <= labels | _OF_PROMETHEUS


def test_enough_is_asked_for_that_the_test_means_something() -> None:
    assert len(list(expressions())) > 30
    assert {name for _, expr in expressions() for name in _SELECTED.findall(expr)}


def test_the_dashboard_is_whole() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(x for x, _ in cells) < 24
    assert all(panel["title"] and panel["targets"] for panel in panels)


def test_every_alert_says_what_and_what_to_do() -> None:
    alerts = re.split(r"\n      - alert: ", RULES.read_text())[1:]
    assert len(alerts) >= 12
    for alert in alerts:
        assert "summary: " in alert, alert
        assert "hint: " in alert, alert
        assert re.search(r"severity: (critical|warning)", alert), alert


def promtool(*words: str) -> str:
    """Run Prometheus' own tool; what it said if it disagrees, else nothing."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60, cwd=TESTS.parent)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("words", [("check", "rules", str(RULES)), ("test", "rules", str(TESTS))])
def test_prometheus_own_tool_agrees(words: tuple[str, ...]) -> None:
    assert promtool(*words) == ""


def test_prometheus_understands_what_every_panel_asks(tmp_path: Path) -> None:
    asked = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    filled = [expr.replace("$__rate_interval", "1m").replace("$instance", "dialer") for expr in asked]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(filled)]
    file = tmp_path / "panels.yml"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))

    assert promtool("check", "rules", str(file)) == ""
