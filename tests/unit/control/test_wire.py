"""The lines of the control socket, without a socket."""

import json
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from dialer.control.wire import (
    BadRequestError,
    NotFoundError,
    RemoteError,
    encode,
    encode_error,
    parse_answer,
    parse_request,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_bad_request(line: bytes) -> None:
    try:
        assert 1 <= len(parse_request(line).command) <= 64
    except BadRequestError:
        event("refused")


@given(JSON)
def test_any_json_is_a_request_or_a_bad_request(value: Any) -> None:  # noqa: ANN401
    try:
        parse_request(json.dumps(value).encode())
    except BadRequestError:
        event("refused")


def test_json_nested_without_end_is_a_bad_request() -> None:
    with pytest.raises(BadRequestError):
        parse_request(b'{"command": ' + b"[" * 60_000)


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"3", b"{}", b'{"command": 1}', b'{"command": ""}', b'{"command": "' + b"x" * 65 + b'"}', b"{"]
)
def test_what_names_no_command_is_refused(line: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse_request(line)


@given(st.dictionaries(st.text(), JSON))
def test_a_result_survives_the_wire_on_one_line(result: dict[str, Any]) -> None:
    line = encode({"ok": True, "result": result})

    assert line.count(b"\n") == 1
    assert parse_answer(line) == (True, result)


def test_a_lone_surrogate_does_not_break_the_line() -> None:
    assert json.loads(encode({"text": "\ud800"})) == {"text": "?"}


def test_a_part_is_not_the_end() -> None:
    assert parse_answer(encode({"part": {"ok": 1}})) == (False, {"ok": 1})


def test_an_error_keeps_code_message_and_hint() -> None:
    with pytest.raises(RemoteError) as caught:
        parse_answer(encode_error(NotFoundError("There is none.", hint="Look.")))

    assert (caught.value.code, caught.value.args[0], caught.value.hint) == ("not_found", "There is none.", "Look.")
