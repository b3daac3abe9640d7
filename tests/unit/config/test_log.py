"""The journal: no phone number, one documented name for each event."""

import ast
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from dialer import log

ROOT = Path(__file__).parents[3]
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def written(style: log.Format, level: log.Level = "info") -> tuple[structlog.typing.FilteringBoundLogger, io.StringIO]:
    stream = io.StringIO()
    log.setup(level, style, stream)
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger, stream


def test_a_masked_number_keeps_its_ends() -> None:
    assert log.mask("+33142000000") == "+3314•••••00"


@given(st.text(alphabet="+0123456789", max_size=20))
def test_a_mask_keeps_the_length_and_hides_the_middle(number: str) -> None:
    masked = log.mask(number)

    assert len(masked) == len(number)
    assert not number or "•" in masked


@pytest.mark.parametrize(
    "number",
    ["+33142000000", "0142000000", "0033142000000", "01 42 00 00 00", "01.42.00.00.00", "447700900123", "+14155550100"],
)
@pytest.mark.parametrize("around", ["{}", "call {}.", "PJSIP/{}@carrier", "tel:{}", "({})", "number={},", "<{}>"])
def test_what_looks_like_a_number_is_masked(number: str, around: str) -> None:
    assert number not in log.mask_text(around.format(number))


@pytest.mark.parametrize(
    "text",
    ["1763779725.12", "a1763779725-17", "PJSIP/101-00000042", "2026-11-22T03:18:56.494225Z", "pid 27544", "0.25"],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert log.mask_text(text) == text


@pytest.mark.parametrize("style", ["json", "console"])
def test_numbers_are_masked_at_every_depth_and_in_tracebacks(style: log.Format) -> None:
    logger, stream = written(style)

    logger.info("x", number="+33142000000", deep={"list": ["0142000000", {"+33142000001": ("+33142000002",)}]})
    try:
        int("lead +33142000003")
    except ValueError:
        logger.exception("y")

    assert not re.search(r"33142|0142000000", stream.getvalue().replace("+3314•", ""))
    assert "•" in stream.getvalue()


def test_json_is_one_object_a_line_with_level_and_time() -> None:
    logger, stream = written("json")

    logger.info("call_answered", attempt="a1", ring_s=2.5, text="a\nb")

    entry = json.loads(stream.getvalue())
    assert (entry["event"], entry["level"], entry["ring_s"], entry["attempt"]) == ("call_answered", "info", 2.5, "a1")
    assert entry["timestamp"].endswith("Z")


def test_auto_is_json_where_nobody_looks() -> None:
    logger, stream = written("auto")

    logger.info("x")

    assert json.loads(stream.getvalue())["event"] == "x"


def test_less_important_events_are_left_out() -> None:
    logger, stream = written("json", "warning")

    logger.info("x")
    logger.warning("y")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["y"]


def events() -> Iterator[tuple[str, str]]:
    """Every event name in the package, with its room."""
    for file in (ROOT / "dialer").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _is_log_call(node.func) and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), file.relative_to(ROOT / "dialer").parts[0]


def _is_log_call(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in METHODS
        and isinstance(function.value, ast.Name)
        and function.value.id in {"log", "_log"}
    )


def test_every_event_is_named_in_snake_case_and_documented_with_its_room() -> None:
    page = (ROOT / "docs/reference/log.md").read_text(encoding="utf-8")
    documented = {(row[0], row[1]) for row in re.findall(r"^\| `(\w+)` \| \w+ \| (\w+) \|", page, re.MULTILINE)}
    found = set(events())

    assert found
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name, _ in found)
    assert found - documented == set(), "add them to docs/reference/log.md"
    assert documented - found == set(), "take them out of docs/reference/log.md"
