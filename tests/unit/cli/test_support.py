"""The bundle for helpers: it tells what is wrong, and of nobody anything."""

import json
import stat
import tarfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.support import redacting
from tests.unit.cli.conftest import Dialer
from tests.unit.cli.floors import NOW, floor
from tests.unit.control.live_services import LiveServices

# Whatever of these is in a bundle is a leak, in any spelling.
PRIVATE = {
    "lead's name": ("Dupont-Secret", "dupont-secret"),
    "lead's mail": ("zoe@example.org",),
    "lead's number": ("+33199000042", "0199000042", "199000042", "01 99 00 00 42", "0033199000042"),
    "caller id": ("+33162000000", "0162000000", "33162000000"),
    "agent's name": ("Alice Martin",),
    "agent's id": ("agent-number-101", '"101"'),
    "PIN": ("739164",),
    "reason that somebody typed": ("my mother is ill",),
    "agent's phone": ("line-of-alice",),
    "supervisor who commands over MQTT": ("nadia_dupont",),
    "user at the broker": ("karim-wallboard",),
    "text of a fault": ("Unquoted-Person", "line two of it"),
    "campaign's name": ("Chantier Rue des Lilas",),
    "principal": ("Soleil et Fils SA",),
}
TRACEBACK = """\
  + Exception Group Traceback (most recent call last):
  |   File "/opt/dialer/lib/python3.11/site-packages/dialer/store/recorder.py", line 120, in _write
  |     raise ValueError(Unquoted-Person)
  | ExceptionGroup: of Unquoted-Person (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/opt/dialer/lib/python3.11/site-packages/dialer/store/recorder.py", line 99, in _row
    | dialer.store.errors.StoreUnavailable: Unquoted-Person
line two of it: Unquoted-Person
    +------------------------------------
KeyError"""
LOG = [
    {"event": "control_command", "command": "agent_pause", "code": "ok", "uid": 1000, "user": "Alice Martin"},
    {"event": "call_ended", "call_id": "a1", "campaign": "summer", "agent": "agent-number-101", "talked_s": 41.5,
     "number": "+33199000042", "result": "answered"},
    {"event": "agent_not_called", "agent_id": "agent-number-101", "why": "Asterisk refused PJSIP/0199000042."},
    {"event": "floor_step_failed", "exception": "ValueError: 'Dupont-Secret' and \"zoe@example.org\" of 0199000042"},
    {"event": "agent_not_called", "agent_id": "a7", "why": "Asterisk refused to ring PJSIP/line-of-alice"},
    {"event": "reload_refused", "why": "[mqtt] commands: nadia_dupont may not do that"},
    {"event": "ami_link_failed", "why": "[Errno 111] Connect call failed ('127.0.0.1', 5038)"},
    {"event": "record_refused", "kind": "RecordStep", "exception": TRACEBACK},
    {"event": "unheard_of", "new_key": "my mother is ill", "level": "info"},
]  # fmt: skip


@pytest.fixture
def busy(dialer: Dialer) -> Dialer:
    """A dialer that holds what must not be told."""
    say = ("--name", "Chantier Rue des Lilas", "--principal", "Soleil et Fils SA")
    dialer.ok("campaign", "create", "summer", *say)
    who = ("agent-number-101", "--name", "Alice Martin", "--campaign", "summer", "--phone", "agent-number-101")
    dialer.ok("agents", "add", *who, "--pin-file", "-", given="739164\n")
    (dialer.folder / "conf.d").mkdir(exist_ok=True)
    telling = "[mqtt]\nuser = 'karim-wallboard'\ncommands = { nadia_dupont = ['pause', 'resume'] }\n"
    (dialer.folder / "conf.d/mqtt.toml").write_text(telling)
    people = dialer.folder / "people.csv"
    people.write_text("Nom;Tel;Mail\nDupont-Secret;01 99 00 00 42;zoe@example.org\n")
    dialer.ok("leads", "import", str(people), "--campaign", "summer")
    lines = [json.dumps(line, ensure_ascii=False) for line in LOG]
    (dialer.folder / "log").write_text("\n".join([*lines, "Traceback of Alice Martin, 0199000042"]) + "\n")
    return dialer


def bundled(dialer: Dialer) -> dict[str, str]:
    """The parts of a bundle, by name."""
    target = dialer.folder / "bundle.tar.gz"
    dialer.ok("support", "--to", str(target), "--log", str(dialer.folder / "log"))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with tarfile.open(target) as bundle:
        return {Path(name).name: _read(bundle, name) for name in bundle.getnames()}


def _read(bundle: tarfile.TarFile, name: str) -> str:
    content = bundle.extractfile(name)
    assert content is not None
    return content.read().decode()


def leaks(parts: dict[str, str], secret: str) -> Iterator[str]:
    everything = {**PRIVATE, "AMI secret": (secret,)}
    for part, content in parts.items():
        yield from (f"{what} in {part}" for what, forms in everything.items() if any(form in content for form in forms))


def test_nothing_of_any_person_is_in_it_without_a_daemon(busy: Dialer) -> None:
    parts = bundled(busy)
    assert list(leaks(parts, (busy.folder / "ami.secret").read_text().strip())) == []
    assert json.loads(parts["store.json"])["rows"]["leads"] == 1
    assert "No daemon" in json.loads(parts["status.json"])["failed"]


def test_nothing_of_any_person_is_in_it_with_a_daemon(busy: Dialer, daemon: LiveServices) -> None:
    parts = bundled(busy)
    assert list(leaks(parts, (busy.folder / "ami.secret").read_text().strip())) == []
    assert json.loads(parts["status.json"])["campaigns"] == []


def test_the_search_would_find_a_leak(busy: Dialer) -> None:
    raw = {"raw": (busy.folder / "log").read_text() + (busy.folder / "people.csv").read_text()}
    found = set(leaks(raw, "the secret"))
    assert {"lead's name in raw", "lead's number in raw", "agent's name in raw", "agent's id in raw"} <= found


def test_what_helps_is_in_it(busy: Dialer) -> None:
    parts = bundled(busy)
    assert json.loads(parts["versions.json"])["libraries"]["aiosqlite"]
    settings = json.loads(parts["config.json"])["settings"]
    assert settings["dialing.trunk"]["value"] == "carrier"
    assert settings["dialing.trunk"]["source"].endswith(tuple("0123456789"))
    assert settings["ami.secret_file"]["value"] == "ami.secret"
    assert any(check["name"] == "disk" for check in json.loads(parts["doctor.json"])["checks"])
    events = [json.loads(line) for line in parts["journal.jsonl"].splitlines()]
    assert settings["mqtt.commands"]["value"] == settings["mqtt.user"]["value"] == "set, not told"
    assert settings["mqtt.port"]["value"] == 1883
    (refused,) = (event for event in events if event.get("event") == "record_refused")
    assert refused["exception"] == [
        "dialer/store/recorder.py:120 in _write",
        "ExceptionGroup",
        "dialer/store/recorder.py:99 in _row",
        "dialer.store.errors.StoreUnavailable",
        "KeyError",
    ]
    assert {event["event"] for event in events if "why" in event} == {"ami_link_failed"}
    assert events[1] == {"event": "call_ended", "campaign": "summer", "result": "answered", "talked_s": 41.5}
    assert events[-1] == {"left_out": "lines that are no events", "count": 1}
    assert "Read it before you send it." in parts["README.txt"]


def test_troubles_tell_only_when_for_their_sentences_name_agents() -> None:
    status = floor(troubles=0)
    status["troubles"] = [{"at": NOW, "text": "Callback 3 of agent agent-number-101 of campaign summer is overdue."}]
    assert redacting.floor(status)["troubles"] == [NOW]


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=3), min_size=1))
def test_nothing_that_an_error_says_is_told(said: list[str]) -> None:
    try:
        raise ValueError("\n".join(f"~{each}" for each in said))  # noqa: TRY301 - a traceback is wanted
    except ValueError:
        (place, kind) = redacting.faults(traceback.format_exc())
    assert (place.rsplit(":", 1)[0], kind) == ("unit/cli/test_support.py", "ValueError")


def test_a_file_that_is_there_is_not_written_over(busy: Dialer) -> None:
    (busy.folder / "kept").write_text("mine")
    assert "cannot be written" in busy.fails(1, "support", "--to", str(busy.folder / "kept"))
    assert (busy.folder / "kept").read_text() == "mine"


@given(
    st.dictionaries(st.text(), st.text() | st.integers(), max_size=4), st.from_regex(r"\+33199000\d{3}", fullmatch=True)
)
def test_no_key_that_is_not_listed_and_no_number_leaves_the_journal(others: dict[str, object], number: str) -> None:
    line = json.dumps(
        {"event": "mqtt_down", "why": f"call to {number}.", **{f"_{key}": value for key, value in others.items()}}
    )
    (told,) = redacting.journal([line])
    assert set(json.loads(told)) == {"event", "why"}
    assert number[4:] not in told
