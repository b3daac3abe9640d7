"""AMI on the wire: any cut of the stream gives the same messages; nothing unsafe goes out."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.pbx.errors import UnsafeValueError
from dialer.pbx.wire import (
    BANNER,
    NotAmiError,
    Splitter,
    channel_id,
    check_header,
    dial_digits,
    event_name,
    name,
    parse,
    sound,
    variable,
)

VALUE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
NAME = st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True)
MESSAGES = st.lists(st.dictionaries(NAME, VALUE, min_size=1, max_size=6), max_size=6)


def encode(messages: list[dict[str, str]]) -> bytes:
    lines = ("".join(f"{k}: {v}\r\n" for k, v in message.items()) + "\r\n" for message in messages)
    return BANNER + b"9.0.0\r\n" + "".join(lines).encode()


def read(stream: bytes, cuts: list[int]) -> list[dict[str, str]]:
    splitter = Splitter()
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    return [parse(message) for piece in pieces for message in splitter.feed(piece)]


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=20))
def test_any_cut_of_the_stream_gives_the_same_messages(messages: list[dict[str, str]], cuts: list[int]) -> None:
    assert read(encode(messages), cuts) == messages


@settings(max_examples=25)
@given(MESSAGES)
def test_a_stream_that_comes_byte_by_byte_gives_the_same_messages(messages: list[dict[str, str]]) -> None:
    stream = encode(messages)
    assert read(stream, list(range(len(stream)))) == messages


def test_utf8_split_over_two_reads_stays_whole() -> None:
    splitter = Splitter()
    stream = encode([{"Event": "X", "CallerIDName": "Zoé"}])
    cut = stream.index("é".encode()) + 1
    assert [*splitter.feed(stream[:cut]), *splitter.feed(stream[cut:])] == [b"Event: X\r\nCallerIDName: Zo\xc3\xa9"]


def test_bytes_that_are_no_utf8_do_not_cost_the_message() -> None:
    assert parse(b"Event: X\r\nCallerIDName: Zo\xe9") == {"Event": "X", "CallerIDName": "Zo�"}


def test_one_line_end_too_many_between_messages_is_skipped() -> None:
    splitter = Splitter()
    assert list(splitter.feed(BANNER + b"9\r\n\r\nEvent: A\r\n\r\n\r\nEvent: B\r\n\r\n")) == [b"Event: A", b"Event: B"]


def test_the_version_is_read_from_the_banner() -> None:
    splitter = Splitter()
    assert list(splitter.feed(BANNER + b"9.0.0\r\n")) == []
    assert splitter.version == "9.0.0"


def test_a_server_that_is_no_manager_is_refused_at_its_first_bytes() -> None:
    with pytest.raises(NotAmiError, match="not Asterisk's manager"):
        list(Splitter().feed(b"SSH-2.0-OpenSSH\r\n"))


def test_a_message_without_end_is_refused_before_it_fills_the_memory() -> None:
    splitter = Splitter()
    with pytest.raises(NotAmiError, match="bytes"):
        list(splitter.feed(BANNER + b"9\r\n" + b"x" * 1_100_000))


@given(st.binary(max_size=300))
def test_whatever_comes_after_the_banner_is_read_or_refused(noise: bytes) -> None:
    for message in Splitter().feed(BANNER + b"9\r\n" + noise):
        parse(message)
        event_name(message)


@pytest.mark.parametrize("evil", ["a\r\nAction: Originate", "a\n", "\r", "\0", "a\x1b[0m", "\x7f"])
def test_a_header_that_could_end_its_line_is_refused(evil: str) -> None:
    with pytest.raises(UnsafeValueError):
        check_header("CallerID", evil)


@pytest.mark.parametrize("evil", ["Action: x", "A\r", "", "Caller ID"])
def test_a_header_name_is_letters(evil: str) -> None:
    with pytest.raises(UnsafeValueError):
        check_header(evil, "value")


@pytest.mark.parametrize(
    "evil", ["612&613", "612@other", "612/n", "612,30", "", "6", "６１２", "612\n", "+", "a612", "6 12"]
)
def test_a_dial_string_is_digits_only(evil: str) -> None:
    with pytest.raises(UnsafeValueError):
        dial_digits(evil)


@pytest.mark.parametrize("evil", ["a,b", "a&b", "${X}", 'a"b', "a;b", "a|b", "a(b)", "a\\b", "a\nb", "a=b\r\n"])
def test_a_variable_holds_nothing_the_dialplan_takes_for_syntax(evil: str) -> None:
    with pytest.raises(UnsafeValueError):
        variable("DIALER_X", evil)


@pytest.mark.parametrize("evil", ["X=Y", "X(Y", "SHELL(rm -rf)", "", "X\n", "EVAL(${X})"])
def test_a_variable_name_is_a_name(evil: str) -> None:
    with pytest.raises(UnsafeValueError):
        variable(evil, "value")


@pytest.mark.parametrize("check", [name, channel_id, sound])
@pytest.mark.parametrize("evil", ["", "a b", "a,b", "a&b", "a\r\nb", "../../x", "a@b", "-a"])
def test_names_ids_and_sounds_hold_no_syntax(check: object, evil: str) -> None:
    with pytest.raises(UnsafeValueError):
        check(evil)  # type: ignore[operator]


def test_a_refused_number_is_not_in_the_error() -> None:
    with pytest.raises(UnsafeValueError) as caught:
        dial_digits("+33612345678&x")
    assert "612345678" not in str(caught.value)


def test_our_own_values_pass() -> None:
    assert variable("CHANNEL(language)", "fr") == "CHANNEL(language)=fr"
    assert variable("PJSIP_HEADER(add,X-Dialer-Attempt)", "a-1") == "PJSIP_HEADER(add,X-Dialer-Attempt)=a-1"
    assert (dial_digits("+33612345678"), name("agent-1001"), sound("dialer/safe-harbour")) == (
        "+33612345678",
        "agent-1001",
        "dialer/safe-harbour",
    )
