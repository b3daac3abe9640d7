#!/usr/bin/env python3
"""``make run``: a whole call floor on this machine, on two real Asterisk, or on yours.

Testbed, daemon, ten agents' phones, a sample campaign of 1,000 leads, the live screen; at the end a summary and the
exported outcomes. With an ``[ami]`` section in config/dialer.toml the same daemon drives your own Asterisk instead.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from types import FrameType

from dialer_testbed.errors import TestbedError
from dialer_testbed.people import HEADER, leads
from dialer_testbed.rig import Rig, rig_options
from dialer_testbed.testbed import Testbed

AGENTS = 10
LEADS = 1_000
WRAP_UP_S = 3
FOLDER = Path("run")
OWN_CONFIG = Path("config/dialer.toml")
LINE_EVERY_S = 5.0


class Stopped(Exception):  # noqa: N818 - a wish, not an error
    """Ctrl-C or SIGTERM: drain and end."""


def main() -> int:
    """Run the floor; 0 when it ended as it should."""
    given = _parser().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        return _own_asterisk() if _wants_own_asterisk() else _sample(given.ends_after_s)
    except TestbedError as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A whole call floor on this machine.")
    parser.add_argument("--for", dest="ends_after_s", type=float, metavar="SECONDS", help="end after this time")
    return parser


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _wants_own_asterisk() -> bool:
    return OWN_CONFIG.exists() and bool(tomllib.loads(OWN_CONFIG.read_text()).get("ami"))


def _own_asterisk() -> int:
    print(f"{OWN_CONFIG} has an [ami] section: the daemon drives your Asterisk. Ctrl-C drains and ends.")
    daemon = subprocess.Popen([sys.executable, "-m", "dialer.cli", "--config", str(OWN_CONFIG), "run"])
    try:
        return daemon.wait()
    except Stopped:
        daemon.send_signal(signal.SIGTERM)
        return daemon.wait()


def _sample(ends_after_s: float | None) -> int:
    print("Bringing up two Asterisk: a PBX and a carrier (the first time this takes a minute or two) ...")
    testbed = Testbed(FOLDER / "testbed", rig_options(FOLDER / "dialer", agents=AGENTS))
    shutil.rmtree(FOLDER / "dialer", ignore_errors=True)
    rig = Rig(testbed, FOLDER / "dialer", max_calls_per_s=20)
    with testbed:
        try:
            _set_the_floor(rig)
            _watch(rig, ends_after_s)
        except Stopped:
            pass  # said below: it drains
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave two Asterisk behind
            _drain(rig)
        return _summary(rig)


def _set_the_floor(rig: Rig) -> None:
    rig.set_up()
    # A campaign's default, auto, begins progressive and changes over after some minutes; a look lasts one.
    rig.add_campaign(wrap_up_s=WRAP_UP_S, policy="predictive")
    agents = rig.add_agents(AGENTS)
    path = _write_leads(rig.folder / "leads.csv")
    report = rig.cli("leads", "import", str(path), "--campaign", "sample")
    print(f"Imported {report['new']} leads from {path}.")
    rig.start()
    print(f"The daemon runs (its journal: {rig.journal}). {AGENTS} agents dial in and type id and PIN ...")
    rig.log_in(agents)
    rig.cli("campaign", "start", "sample")


def _write_leads(path: Path) -> Path:
    import csv

    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(leads(LEADS, seed=7, population="natural"))
    return path


def _watch(rig: Rig, ends_after_s: float | None) -> None:
    """The live screen, or a line every few seconds, until the time is over or every lead is finished."""
    ends_at = time.monotonic() + ends_after_s if ends_after_s is not None else float("inf")
    with subprocess.Popen(rig.command("status", "--watch", "--interval-s", _interval())) as screen:
        try:
            while time.monotonic() < ends_at and not _finished(rig):
                time.sleep(min(2.0, max(0.1, ends_at - time.monotonic())))
        finally:
            screen.terminate()


def _interval() -> str:
    return "1" if sys.stdout.isatty() else str(LINE_EVERY_S)


def _finished(rig: Rig) -> bool:
    status = rig.status()
    campaign = status["campaigns"][0]
    return campaign["state"] == "finished" and not campaign["calls"]


def _drain(rig: Rig) -> None:
    if rig.daemon is None:
        return
    print("\nDraining: no new calls, talks end, records settle ...")
    status = rig.stop()
    if status != 0:
        print(f"The daemon ended with status {status}; see {rig.journal}.", file=sys.stderr)


def _summary(rig: Rig) -> int:
    if rig.daemon is None:
        return 1
    path = rig.folder / "outcomes.csv"
    rig.cli("outcomes", "export", "--campaign", "sample", "--output", str(path))
    campaign = rig.cli("campaign", "show", "sample")["campaign"]
    today = campaign["today"]
    print(f"\nAttempts            {today['attempts']}")
    for result, count in sorted(today["results"].items(), key=lambda item: -item[1]):
        print(f"  {result:17} {count}")
    print(f"Connected           {today['connected']}")
    print(f"Abandoned           {today['abandoned']}")
    print(f"Leads left          {today['leads'] - today['finished']} of {today['leads']}")
    print(f"Outcomes            {path}")
    return rig.daemon.returncode


if __name__ == "__main__":
    sys.exit(main())
