"""A whole dialer under test: the real daemon and command line on two real Asterisk, with a wire that can be cut."""

import json
import os
import shutil
import sqlite3
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "asterisk/testbed"))

from dialer_testbed import Testbed  # noqa: E402
from dialer_testbed.cdr import CdrRow  # noqa: E402
from dialer_testbed.errors import TestbedError  # noqa: E402
from dialer_testbed.rig import PIN, Rig, rig_options  # noqa: E402
from dialer_testbed.world import crowd  # noqa: E402

from dialer.control.client import ControlClient  # noqa: E402
from dialer.errors import DialerError  # noqa: E402
from tests.asterisk.wire import Wire  # noqa: E402

# Events of the journal that tell of a fault of the program, whatever the test is about.
FAULTS = (
    "floor_step_failed",
    "floor_event_failed",
    "ami_event_failed",
    "fastagi_failed",
    "record_refused",
    "record_dropped",
    "records_lost_at_close",
    "control_command_failed",
)
PHONES = 30
# People and agents of a campaign that keeps the dialer busy.
LOAD_AGENTS = range(1001, 1007)
LOAD_PEOPLE = [n for pair in zip(crowd(ring_s=0.5, talk_s=1), crowd(ring_s=0, talk_s=1), strict=True) for n in pair]


class Bed:
    """A testbed that many dialers use one after the other; their sockets are found through the link ``rig``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.link = folder / "rig"
        self.testbed = Testbed(folder / "bed", rig_options(self.link, agents=PHONES))

    @contextmanager
    def house(self, name: str, **settings: object) -> Iterator["House"]:
        """A dialer set up in a folder of its own, and no call left at the end."""
        (self.folder / name).mkdir()
        house = House(self.testbed, self.folder / name)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(house.folder)
        with house.wire:
            house.set_up(
                {
                    "ami.port": house.wire.port,
                    "ami.reconnect_max_s": 0.5,
                    "dialing.tick_s": 0.2,
                    **{key.replace("__", "."): value for key, value in settings.items()},
                }
            )
            try:
                yield house
            finally:
                house.end()


@pytest.fixture(scope="session")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """Two real Asterisk for whole dialers."""
    bed = Bed(tmp_path_factory.mktemp("floor"))
    with bed.testbed:
        yield bed


def scraped(port: int) -> dict[str, float]:
    """The metrics of the daemon that listens there, by name with labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


class House(Rig):
    """One dialer. It reaches Asterisk's manager through ``wire``; everything is done by the ``dialer`` command."""

    def __init__(self, testbed: Testbed, folder: Path) -> None:
        super().__init__(testbed, folder, drain_timeout_s=5)
        self.wire = Wire(testbed.ports.pbx_ami)
        self.store_folder = self.folder
        self._born = time.time()

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.store_folder / "dialer.db"

    def ask(self, command: str, **params: object) -> dict[str, Any]:
        """One command on the socket that ``dialer`` uses too, without a process for each of many."""
        try:
            return dict(ControlClient(self.folder / "control.sock", timeout_s=10).call(command, **params))
        except DialerError as error:
            raise TestbedError(str(error)) from error

    def hire(self, campaign: str, agents: Iterable[int], line_mode: str = "on_line") -> list[int]:
        """Add agents with these ids to a campaign of the running daemon."""
        hired = list(agents)
        for agent in hired:
            who = {"agent_id": str(agent), "phone": f"agent-{agent}", "line_mode": line_mode, "pin": PIN}
            self.ask("agent_add", campaign_id=campaign, name="", **who)
        return hired

    def call_agents(self, agents: Iterable[int]) -> None:
        """The daemon rings every agent's phone; returns when all are on the line."""
        wanted = set(agents)
        for agent in wanted:
            self.ask("agent_call", agent_id=str(agent))
        away = {"offline", "calling"}
        self.wait_for(
            lambda: not {self.agent(agent) for agent in wanted} & away, "the agents to be on the line", 30, 0.05
        )

    # --- what is seen ------------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """What ``dialer status`` shows, asked without a process for each look."""
        return self.ask("status")

    def agent(self, agent_id: int) -> str:
        """The state of an agent."""
        agents = {agent["agent_id"]: str(agent["state"]) for agent in self.status()["agents"]}
        return agents[str(agent_id)]

    def campaign(self, name: str = "sample") -> dict[str, Any]:
        """A campaign in the status."""
        found: dict[str, Any] = next(c for c in self.status()["campaigns"] if c["campaign_id"] == name)
        return found

    def calls(self, name: str = "sample") -> dict[str, int]:
        """A campaign's open calls by state."""
        found: dict[str, int] = self.campaign(name)["calls"]
        return found

    def until_state(self, agent_id: int, state: str, limit_s: float = 20) -> None:
        """Wait until the agent is in that state."""
        self.wait_for(lambda: self.agent(agent_id) == state, f"agent {agent_id} to be {state}", limit_s, 0.05)

    def until_worked(self, name: str = "sample", limit_s: float = 40) -> None:
        """Wait until every lead is worked and every attempt has ended, by the record."""
        self.wait_for(lambda: self.left(name) == 0, f"campaign {name} to be worked", limit_s)

    def left(self, name: str = "sample") -> int:
        """Leads that are not worked, and attempts that have not ended."""
        question = """
            SELECT (SELECT count(*) FROM leads AS l JOIN lists ON lists.id = l.list_id
                    WHERE lists.campaign_id = ?1 AND l.state <> 'finished')
                + (SELECT count(*) FROM attempts WHERE campaign_id = ?1 AND ended_at IS NULL)
        """
        ((found,),) = self.rows(question, name)
        return int(found)

    def outcomes(self, campaign: str = "sample") -> list[dict[str, Any]]:
        """The rows of ``dialer outcomes export``."""
        path = self.folder / "outcomes.jsonl"
        self.cli("outcomes", "export", "--campaign", campaign, "--output", str(path))
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def outcome(self, campaign: str = "sample") -> dict[str, Any]:
        """The one row of a campaign that made one call."""
        (row,) = self.outcomes(campaign)
        return row

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What the store's file holds, read beside the daemon."""
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=10)) as db:
            return db.execute(question, values).fetchall()

    def told(self, event: str) -> list[dict[str, Any]]:
        """The lines of the journal with this event, over all lives of the daemon."""
        return [line for line in self._journal() if line["event"] == event]

    def _journal(self) -> list[dict[str, Any]]:
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def expect_no_fault(self) -> None:
        """No guard caught anything, and nothing was printed but the journal."""
        faults = [line for line in self._journal() if line["event"] in FAULTS]
        assert faults == [], faults
        loose = [line for line in self.journal.read_text().splitlines() if not line.startswith("{")]
        assert loose == [], loose

    def carried(self, wait_s: float = 0) -> list[CdrRow]:
        """This dialer's calls as the carrier saw them; those of dialers before it on the same testbed are left out."""
        return [row for row in self.testbed.carrier_cdr(wait_s) if row.started_at >= self._born]

    def reached(self, numbers: Iterable[str] | None = None, wait_s: float = 0) -> Counter[str]:
        """How often each of these numbers (national form), or any, was called by this dialer, as the carrier saw it."""
        wanted = None if numbers is None else set(numbers)
        return Counter(row.number for row in self.carried(wait_s) if wanted is None or row.number in wanted)

    def record(self, numbers: Iterable[str]) -> None:
        """Have the carrier keep what each of these people hears."""
        with self.testbed.carrier_ami() as ami:
            for number in numbers:
                ami.action("DBPut", Family="record", Key=number, Val="1")

    # --- what is done ------------------------------------------------------------------------------------------------

    def refused(self, *words: str) -> tuple[int, str]:
        """A command that must fail: exit status and what it wrote to standard error."""
        import subprocess

        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode != 0, done.stdout
        return done.returncode, done.stderr

    # --- load ---------------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """A campaign ``load`` that dials about five people a second until they are all called."""
        self.add_campaign("load", wrap_up_s=0)
        self.import_numbers(LOAD_PEOPLE, "load", "load")
        self.call_agents(self.hire("load", LOAD_AGENTS))
        self.cli("campaign", "start", "load")

    def made(self) -> int:
        """Attempts on record that were really dialed."""
        ((count,),) = self.rows("SELECT count(*) FROM attempts WHERE dialed = 1")
        return int(count)

    def expect_dialing(self) -> None:
        """Calls are made, from now on."""
        before = self.made()
        self.wait_for(lambda: self.made() > before + 2, "calls to be made", 40)

    def expect_sound(self) -> None:
        """Nobody was called twice, nobody who is not on record, and the journal tells of no fault."""
        calls = self.reached()
        recorded = {"0" + number.removeprefix("+33") for (number,) in self.rows("SELECT number FROM attempts")}
        assert [number for number, times in calls.items() if times > 1] == []
        assert sorted(set(calls) - recorded) == []
        self.expect_no_fault()

    def troubles(self) -> str:
        """What the status tells of troubles."""
        return "\n".join(trouble["text"] for trouble in self.status()["troubles"])

    def end(self) -> None:
        """Kill the daemon, let go every call, forget notes, bring Asterisk back if a test ended it."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.kill()
        self.testbed.start_pbx()
        self.testbed.pbx_cli("channel request hangup all")
        self.testbed.carrier_cli("channel request hangup all")
        self._until(lambda: "\n0 active channels" in "\n" + self.testbed.pbx_cli("core show channels"))
        self.testbed.pbx_cli("database deltree dialer")
        for trunk in (self.testbed.trunk, self.testbed.second_trunk):
            self.testbed.mend_trunk(trunk)
        self.testbed.carrier_cli("database deltree phone")
        self.testbed.carrier_cli("database deltree record")

    def _until(self, true: Callable[[], bool]) -> None:
        self.daemon = None
        self.wait_for(true, "every call to end", 20, 0.1)


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[Path]:
    """A file system of its own with this much room. Needs root."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "-l", str(folder))


def remount(folder: Path, how: str) -> None:
    """``ro`` or ``rw``. Files that are open for writing keep a file system from becoming read-only."""
    _run("mount", "-o", f"remount,{how}", str(folder))


def fill(folder: Path) -> Path:
    """Take every free byte of the file system; the file to remove again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass  # no byte is left: that is what was wanted
    return filler


def _run(*command: str) -> None:
    import subprocess

    program = shutil.which(command[0])
    assert program, command[0]
    subprocess.run([program, *command[1:]], check=True, capture_output=True)
