"""What people type while a daemon runs: the same commands, carried out by the daemon over its socket."""

import getpass
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dialer.floor import events as ev
from tests.unit.cli.conftest import Dialer
from tests.unit.control.live_services import LiveServices

pytestmark = pytest.mark.usefixtures("daemon")
ROOT = Path(__file__).parents[3]


def test_a_campaign_is_created_and_started_on_the_floor(dialer: Dialer, daemon: LiveServices) -> None:
    dialer.ok("campaign", "create", "summer")

    told = dialer.ok("campaign", "start", "summer")

    assert told == "Campaign summer is running.\n"
    assert [view.state for view in daemon.floor.campaign_views()] == ["running"]
    assert dialer.ok("campaign", "start", "summer") == "Campaign summer was already running.\n"


def test_agents_are_called_paused_and_made_ready(campaign: Dialer, daemon: LiveServices) -> None:
    assert campaign.ok("agents", "call", "101") == "Agent 101 is calling.\n"
    (agent,) = campaign.json("agents", "list")["agents"]
    assert agent["state"] == "calling"
    assert campaign.ok("agents", "logout", "101").startswith("Agent 101 is ")
    assert "no agent '999'" in campaign.fails(2, "agents", "call", "999")


def test_what_was_commanded_is_shown_with_who_and_from_where(campaign: Dialer) -> None:
    campaign.fails(1, "agents", "pause", "101")

    told = campaign.json("trail", "--last", "1h")["commands"]

    user = getpass.getuser()
    assert [(each["who"], each["origin"], each["command"], each["result"]) for each in told] == [
        (user, "socket", "agent_pause", "error"),
        (user, "socket", "agent_add", "done"),
        (user, "socket", "campaign_create", "done"),
    ]
    table = campaign.ok("trail", "--campaign", "summer")
    assert "agent_pause" not in table
    assert "campaign_id=summer" in table
    assert "pin=•••" in table
    assert campaign.ok("trail", "--who", "nobody-here") == "No commands.\n"
    assert "agent_pause" in campaign.ok("trail", "--agent", "101")
    assert campaign.ok("trail", "--agent", "102") == "No commands.\n"


def test_a_refusal_of_the_floor_exits_with_1(campaign: Dialer) -> None:
    assert "not logged in" in campaign.fails(1, "agents", "pause", "101")


def test_the_status_shows_campaigns_and_agents(campaign: Dialer, daemon: LiveServices) -> None:
    daemon.submit(ev.LinkRestored(at=daemon.now()))

    told = campaign.ok("status")
    floor = campaign.json("status")

    assert "Asterisk 22.10.1" in told
    assert "1 offline" in told
    assert floor["agents_by_state"] == {"offline": 1}
    assert floor["campaigns"][0]["today"]["abandonment"] is None


def test_an_import_and_an_export_go_through_the_daemon(campaign: Dialer) -> None:
    file = campaign.folder / "people.csv"
    file.write_text("Nom;Tel\nDupont;0142000001\n")

    assert campaign.json("leads", "import", str(file), "--campaign", "summer")["new"] == 1
    assert campaign.ok("outcomes", "export").startswith("attempt_id,")


def test_the_watch_without_a_terminal_is_a_line_a_campaign(campaign: Dialer) -> None:
    command = [sys.executable, "-m", "dialer.cli", "--config", str(campaign.folder / "dialer.toml")]
    with subprocess.Popen(
        [*command, "status", "--watch", "--interval-s", "0.2"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout is not None
        lines = [watch.stdout.readline() for _ in range(2)]
        watch.terminate()

    assert all("summer stopped; agents 1 offline; calls none" in line for line in lines)


def test_the_watch_in_json_is_an_object_a_line(campaign: Dialer) -> None:
    command = [sys.executable, "-m", "dialer.cli", "--config", str(campaign.folder / "dialer.toml")]
    with subprocess.Popen(
        [*command, "status", "--watch", "--json", "--interval-s", "0.2"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout is not None
        first, second = (json.loads(watch.stdout.readline()) for _ in range(2))
        watch.terminate()

    assert first["at"] < second["at"]


def test_a_second_daemon_is_refused(dialer: Dialer) -> None:
    assert "in use by process" in dialer.fails(1, "run")
