"""What people type, without a daemon: output, JSON, files, errors."""

import csv
import getpass
import io
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dialer.cli import main
from dialer.config_file import load
from tests.unit.cli.conftest import Dialer

ROOT = Path(__file__).parents[3]


# --- init and config -----------------------------------------------------------------------------------------------


def test_init_writes_config_secret_and_store_closed_to_others(dialer: Dialer) -> None:
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in dialer.folder.iterdir() if file.is_file()}

    assert modes["ami.secret"] == modes["manager_dialer_secret.conf"] == modes["dialer.db"] == 0o600
    assert modes["dialer.toml"] & 0o022 == 0
    secret = load(dialer.folder / "dialer.toml").ami_secret()
    assert len(secret) == 48
    assert f"[dialer](+)\nsecret = {secret}\n" == (dialer.folder / "manager_dialer_secret.conf").read_text()


def test_init_tells_the_next_steps_but_never_the_secret(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "d.toml"), "init", "--set", "daemon.state_dir=."])

    assert result.exit_code == 0, result.output
    assert "#include dialer/manager_dialer.conf" in result.stdout
    assert (tmp_path / "ami.secret").read_text().strip() not in result.output


def test_init_overwrites_nothing_without_force(dialer: Dialer) -> None:
    before = (dialer.folder / "ami.secret").read_text()

    assert "already there" in dialer.fails(1, "init")
    assert (dialer.folder / "ami.secret").read_text() == before

    dialer.ok("init", "--force", "--set", "daemon.state_dir=.")
    assert (dialer.folder / "ami.secret").read_text() != before


def test_init_with_force_leaves_the_store_alone(campaign: Dialer) -> None:
    campaign.ok("init", "--force", "--set", "daemon.state_dir=.")

    assert [each["campaign_id"] for each in campaign.json("campaign", "list")["campaigns"]] == ["summer"]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("ami.prot=1", "there is no such key"),
        ("ami.port=0", "greater than or equal to 1"),
        ("port", "SECTION.KEY=VALUE"),
        ("ami.secret=x", "no such key"),
    ],
)
def test_init_refuses_a_wrong_setting_before_it_writes(tmp_path: Path, setting: str, told: str) -> None:
    assert told in Dialer(tmp_path).fails(2, "init", "--set", setting)
    assert not list(tmp_path.iterdir())


def test_config_check_tells_each_value_and_where_it_was_set(dialer: Dialer) -> None:
    result = dialer.json("config", "check")

    settings = {(line["section"], line["key"]): line for line in result["settings"]}
    assert settings["dialing", "trunk"]["value"] == "carrier"
    assert settings["dialing", "trunk"]["source"].startswith(f"{dialer.folder}/dialer.toml:")
    assert settings["ami", "port"] == {"section": "ami", "key": "port", "value": 5038, "source": "default"}
    assert "0o660" in dialer.ok("config", "check")


def test_config_check_never_prints_the_secret(dialer: Dialer) -> None:
    secret = load(dialer.folder / "dialer.toml").ami_secret()

    assert secret not in dialer.ok("config", "check") + dialer.ok("config", "check", "--json")


def test_config_check_fails_on_a_secret_open_to_others(dialer: Dialer) -> None:
    (dialer.folder / "ami.secret").chmod(0o644)

    assert "chmod 600" in dialer.fails(1, "config", "check")


def test_a_broken_config_is_told_by_every_command(dialer: Dialer) -> None:
    (dialer.folder / "dialer.toml").write_text("[ami]\nprot = 1\n")

    for command in (["config", "check"], ["status"], ["campaign", "list"], ["doctor"], ["run"]):
        assert "did you mean port" in dialer.fails(2, *command)


def test_doctor_tells_ok_and_fail_lines_with_what_to_type(dialer: Dialer) -> None:
    (dialer.folder / "ami.secret").chmod(0o644)

    result = dialer.type("doctor")

    assert result.exit_code == 4
    assert f"OK    store: {dialer.folder}/dialer.db" in result.stdout
    assert "FAIL  ami secret" in result.stdout
    assert f"fix: Type: chmod 600 {dialer.folder}/ami.secret" in result.stdout


def test_doctor_helps_where_there_is_no_store(dialer: Dialer) -> None:
    (dialer.folder / "dialer.db").unlink()

    result = dialer.type("doctor", "--json")

    assert result.exit_code == 4
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert not checks["store"]["ok"]
    assert "dialer init" in checks["store"]["fix"]


# --- campaigns and agents ------------------------------------------------------------------------------------------


def test_what_is_done_without_a_daemon_is_on_record_too(campaign: Dialer) -> None:
    campaign.fails(2, "campaign", "start", "winter")
    campaign.ok("campaign", "list")

    told = campaign.json("trail")["commands"]

    assert [(each["command"], each["result"]) for each in told] == [
        ("campaign_move", "not_found"),
        ("agent_add", "done"),
        ("campaign_create", "done"),
    ]
    assert {(each["who"], each["origin"]) for each in told} == {(getpass.getuser(), "command line")}


def test_a_campaign_is_created_listed_shown_changed_and_started(campaign: Dialer) -> None:
    assert "stopped" in campaign.ok("campaign", "list")
    campaign.ok("campaign", "set", "summer", "--wrap-up-s", "15", "--keypad-disposition")
    shown = campaign.json("campaign", "show", "summer")
    assert (shown["campaign"]["wrap_up_s"], shown["campaign"]["keypad_disposition"]) == (15.0, True)
    assert shown["agents"] == ["101"]
    assert "1=sale" in campaign.ok("campaign", "show", "summer")
    assert "No daemon runs" in campaign.ok("campaign", "start", "summer")
    assert campaign.json("campaign", "list")["campaigns"][0]["state"] == "running"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("campaign", "create", "Summer 1"), "small letters"),
        (("campaign", "create", "x", "--caller-id", "0162000000"), "international number"),
        (("campaign", "create", "x", "--policy", "magic"), "the policies are"),
        (("campaign", "create", "x", "--disposition", "sale"), "KEY=WHAT"),
        (("campaign", "create", "x", "--trunk", "a/b"), "PJSIP endpoint"),
        (("campaign", "create", "x", "--wrap-up-s", "-1"), "wrap_up_s"),
        (("campaign", "create", "summer"), "exists already"),
        (("campaign", "set", "summer"), "at least one"),
        (("campaign", "show", "nosuch"), "no campaign nosuch"),
        (("campaign", "start", "nosuch"), "no campaign nosuch"),
        (("agents", "set", "101"), "at least one"),
        (("agents", "set", "999", "--name", "x"), "no agent 999"),
        (("agents", "list", "--campaign", "nosuch"), "no campaign nosuch"),
        (("disposition", "set", "sale"), "either"),
        (("explain", "nosuch"), "no attempt nosuch"),
        (("nosuch",), "No such command"),
        (("leads", "import", "/nosuch.csv", "--campaign", "summer"), "does not exist"),
        (("outcomes", "export", "--from", "yesterday"), "2026-11-30"),
        (("status", "--interval-s", "0"), "interval"),
    ],
)
def test_wrong_input_exits_with_2_and_says_what_is_wrong(campaign: Dialer, words: tuple[str, ...], told: str) -> None:
    assert told in campaign.fails(2, *words)


def test_an_error_is_json_on_standard_error_and_standard_output_stays_empty(campaign: Dialer) -> None:
    result = campaign.type("campaign", "show", "nosuch", "--json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert json.loads(result.stderr)["error"]["code"] == "not_found"


def test_the_pin_is_asked_for_twice_and_not_echoed(campaign: Dialer) -> None:
    words = ("agents", "add", "102", "--campaign", "summer", "--phone", "102", "--json")

    result = campaign.type(*words, given="4711\n4711\n")

    assert result.exit_code == 0, result.output
    assert "4711" not in result.output
    assert json.loads(result.stdout)["agent"]["agent_id"] == "102"


def test_there_is_no_way_to_write_a_pin_on_the_command_line(campaign: Dialer) -> None:
    words = ("agents", "add", "102", "--campaign", "summer", "--phone", "102")

    assert campaign.type(*words, "--pin", "4711").exit_code == 2
    assert "4 to 12 digits" in campaign.type(*words, "--pin-file", "-", given="12\n").stderr


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--watch"),
        ("agents", "call", "101"),
        ("agents", "pause", "101"),
        ("agents", "ready", "101"),
        ("agents", "logout", "101"),
        ("disposition", "set", "--agent", "101", "sale"),
    ],
)
def test_what_needs_the_daemon_exits_with_3_without_one(campaign: Dialer, words: tuple[str, ...]) -> None:
    assert "systemctl start dialerd" in campaign.fails(3, *words)


# --- leads and outcomes --------------------------------------------------------------------------------------------


def test_an_import_tells_columns_and_counts_and_writes_the_refused_rows(campaign: Dialer) -> None:
    file, refused = campaign.folder / "people.csv", campaign.folder / "refused.csv"
    file.write_text("Nom;Tel\nDupont;0142000001\nBad;12\n", encoding="latin-1")
    words = ("leads", "import", str(file), "--campaign", "summer")

    dry = campaign.ok(*words, "--dry-run")
    told = campaign.ok(*words, "--refused", str(refused))

    assert "2 rows read: 1 new, 0 updated, 0 duplicates, 1 refused." in dry
    assert "nothing is imported" in dry
    assert "2 rows read: 1 new, 0 updated, 0 duplicates, 1 refused." in told
    assert ";12" in refused.read_text(encoding="utf-8-sig")
    assert not list(campaign.folder.glob(".*.part"))
    assert campaign.json("leads", "lists")["lists"][0]["name"] == "people"
    assert "people" in campaign.ok("leads", "lists", "--campaign", "summer")


def test_an_import_with_a_wrong_column_changes_nothing_and_leaves_no_refused_file(campaign: Dialer) -> None:
    file = campaign.folder / "people.csv"
    file.write_text("Nom;Tel\nDupont;0142000001\n")
    words = ("leads", "import", str(file), "--campaign", "summer", "--refused", str(campaign.folder / "r.csv"))

    assert "Nope" in campaign.fails(2, *words, "--map", "phone=Nope")
    assert "ROLE=COLUMN" in campaign.fails(2, *words, "--map", "phone")
    assert not (campaign.folder / "r.csv").exists()
    assert campaign.json("campaign", "list")["campaigns"][0]["today"]["leads"] == 0


def test_an_export_without_calls_is_a_header(campaign: Dialer) -> None:
    rows = list(csv.reader(io.StringIO(campaign.ok("outcomes", "export"))))

    assert len(rows) == 1
    assert rows[0][:2] == ["attempt_id", "campaign_id"]


def test_an_export_to_a_file_is_whole_or_not_there(campaign: Dialer) -> None:
    file = campaign.folder / "o.csv"

    assert "0 outcomes" in campaign.ok("outcomes", "export", "--output", str(file))
    assert file.read_text().startswith("attempt_id,")
    assert campaign.json("outcomes", "export", "--output", str(file))["count"] == 0
    assert file.read_text().startswith("attempt_id,")  # --json is about what is printed
    assert "no campaign nosuch" in campaign.fails(
        2, "outcomes", "export", "--campaign", "nosuch", "--output", f"{file}2"
    )
    assert not Path(f"{file}2").exists()
    assert not list(campaign.folder.glob(".*.part"))
    assert "cannot be written" in campaign.fails(1, "outcomes", "export", "--output", "/proc/nosuch/o.csv")


# --- as a program --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["campaign", "list"], 0),
        (["init"], 1),
        (["campaign", "show", "nosuch"], 2),
        (["--config", "/nosuch/dialer.toml", "campaign", "list"], 2),
        (["status"], 3),
        (["doctor"], 4),
    ],
)
def test_the_program_exits_as_documented_and_without_a_traceback(dialer: Dialer, words: list[str], code: int) -> None:
    command = [sys.executable, "-m", "dialer.cli", "--config", str(dialer.folder / "dialer.toml"), *words]

    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == (code in {1, 2, 3})


def test_a_closed_pipe_is_no_traceback(dialer: Dialer) -> None:
    command = f"{sys.executable} -m dialer.cli --config {dialer.folder}/dialer.toml config check | head -1"

    done = subprocess.run(["sh", "-c", command], cwd=ROOT, check=True, capture_output=True, text=True)

    assert "Traceback" not in done.stderr
