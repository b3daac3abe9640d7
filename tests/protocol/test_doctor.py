"""The doctor's questions to Asterisk, against a manager interface of bytes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dialer.checks import Check
from dialer.config_file import Loaded, parse
from dialer.pbx import doctor
from tests.protocol.fake_ami import FakeAmi, Headers, event, listed, message, response

REPORT = {"MessageFr": "1", "MessageEn": "1", "AgentTone": "1"}


def answer_well(ami: FakeAmi) -> None:
    """Everything is as it should be."""
    ami.answers |= {
        "CoreSettings": lambda a: response(a, AsteriskVersion="22.10.1"),
        "Ping": lambda a: response(a, Ping="Pong", Timestamp=f"{time.time():.6f}"),
        "Originate": _originate(REPORT),
        "Redirect": lambda a: response(a, "Error", Message="Channel not specified"),
        "ShowDialPlan": lambda a: listed(a, "ListDialplan", message(Extension="v1"), message(Extension="s")),
        "Getvar": lambda a: response(a, Variable=a["Variable"], Value="NOT_INUSE"),
    }


def _originate(report: dict[str, str] | None) -> Callable[[Headers], bytes]:
    def answer(action: Headers) -> bytes:
        if "Channel" not in action:
            return response(action, "Error", Message="Channel not specified")
        told = event("UserEvent", UserEvent="DialerDoctor", **report) if report is not None else b""
        return response(action, Message="Originate successfully queued") + told

    return answer


def refuse(action: Headers) -> bytes:
    return response(action, "Error", Message="Permission denied")


@pytest.fixture
def loaded(ami: FakeAmi, tmp_path: Path) -> Loaded:
    answer_well(ami)
    secret = tmp_path / "ami.secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    return parse(f"[ami]\nport = {ami.port}\naction_timeout_s = 1.0\n", tmp_path / "dialer.toml")


async def failed(loaded: Loaded, *trunks: str) -> dict[str, Check]:
    return {check.name: check for check in await doctor.check_pbx(loaded, trunks) if not check.ok}


async def test_all_is_well(ami: FakeAmi, loaded: Loaded) -> None:
    checks = await doctor.check_pbx(loaded, ["carrier", "carrier"])

    assert [check.name for check in checks if not check.ok] == []
    assert [check.name for check in checks].count("trunk carrier") == 1
    assert len(checks) == 11
    assert all(not check.fix for check in checks)


async def test_nobody_is_dialed(ami: FakeAmi, loaded: Loaded) -> None:
    await doctor.check_pbx(loaded, ["carrier"])

    assert {action.get("Channel") for action in ami.got("Originate")} == {None, "Local/report@dialer-doctor"}


@pytest.mark.parametrize(
    ("action", "answer", "name", "fix"),
    [
        ("Login", refuse, "ami login", "manager"),
        ("CoreSettings", refuse, "asterisk version", "manager reload"),
        ("CoreSettings", lambda a: response(a, AsteriskVersion="18.26.4"), "asterisk version", "20 or newer"),
        ("CoreSettings", lambda a: response(a, AsteriskVersion=""), "asterisk version", "20 or newer"),
        ("Ping", lambda a: response(a, Timestamp=f"{time.time() - 60}"), "asterisk's clock", "timedatectl"),
        ("Ping", lambda a: response(a, Ping="Pong"), "asterisk's clock", "update"),
        ("Redirect", refuse, "right to call", "manager reload"),
        ("Originate", refuse, "right to originate", "manager reload"),
        ("ShowDialPlan", refuse, "dialplan", "dialplan reload"),
        ("ShowDialPlan", lambda a: listed(a, "ListDialplan", message(Extension="v0")), "dialplan version", "reload"),
        ("Getvar", lambda a: response(a, Value="INVALID"), "trunk carrier", "pjsip reload"),
        ("Getvar", lambda a: response(a, Value="UNAVAILABLE"), "trunk carrier", "pjsip show endpoint carrier"),
        ("Originate", _originate({**REPORT, "MessageFr": "0"}), "sound: message, French", "asterisk/sounds/"),
    ],
)
async def test_what_is_wrong_is_found_with_what_to_do(
    ami: FakeAmi, loaded: Loaded, action: str, answer: Callable[[Headers], bytes], name: str, fix: str
) -> None:
    ami.answers[action] = answer

    found = await failed(loaded, "carrier")

    assert fix in found[name].fix


async def test_a_context_that_is_missing_is_named(ami: FakeAmi, loaded: Loaded) -> None:
    def tree(action: Headers) -> bytes:
        if action["Context"] == "dialer-message":
            return response(action, "Error", Message="Did not find context dialer-message")
        return listed(action, "ListDialplan", message(Extension="v1"))

    ami.answers["ShowDialPlan"] = tree

    assert (await failed(loaded))["dialplan contexts"].seen == "missing: dialer-message"


async def test_an_asterisk_that_stops_answering_is_a_finding_of_each_step(
    ami: FakeAmi, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "STEP_LIMIT_S", 0.05)
    for action in ("CoreSettings", "Ping", "Redirect", "Originate", "ShowDialPlan", "Getvar"):
        ami.answers[action] = lambda _: None

    found = await failed(loaded, "carrier")

    assert set(found) == {"asterisk version", "asterisk's clock", "rights", "dialplan", "trunks", "sounds"}


async def test_a_report_that_does_not_come_is_a_finding(
    ami: FakeAmi, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "REPORT_LIMIT_S", 0.05)
    ami.answers["Originate"] = _originate(None)

    assert "did not come" in (await failed(loaded))["sounds"].seen


async def test_an_asterisk_that_is_away_is_one_finding(ami: FakeAmi, loaded: Loaded) -> None:
    await ami.stop()

    (only,) = await doctor.check_pbx(loaded, ["carrier"])

    assert (only.name, only.ok) == ("ami login", False)
    assert "manager.conf" in only.fix


async def test_a_secret_that_is_missing_is_one_finding(loaded: Loaded) -> None:
    (loaded.path.parent / "ami.secret").unlink()

    (only,) = await doctor.check_pbx(loaded)

    assert "openssl rand" in only.fix
