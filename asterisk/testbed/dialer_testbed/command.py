"""The testbed's command line."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

from .errors import TestbedError
from .people import HEADER, leads
from .testbed import Options, Testbed
from .world import POPULATIONS

DEFAULT_FOLDER = Path("run/testbed")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 is well, 1 is a fault that was told."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except TestbedError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="A PBX and a carrier, two real Asterisk on loopback, to try the dialer against."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = _command(commands, "up", _up, "bring both up (the first time this fetches Asterisk)")
    up.add_argument("--agents", type=int, default=100, help="phones, from agent-1001 on (100)")
    up.add_argument("--base-port", type=int, help="first of a block of 8,000 ports (a free block)")
    up.add_argument("--silent-phones", action="store_true", help="phones send no sound: less load")
    up.add_argument("--login-command", default="", help="AGI login program, its arguments after commas")
    up.add_argument("--disposition-command", default="", help="AGI disposition program, likewise")
    _command(commands, "check", _check, "say OK or what is wrong, a line for each part")
    _command(commands, "down", _down, "take both down")
    _command(commands, "status", _status, "where everything is")
    made = commands.add_parser("leads", help="write a list of sample leads (CSV) to the terminal")
    made.set_defaults(run=_leads)
    made.add_argument("--count", type=int, default=1000)
    made.add_argument("--seed", type=int, default=7)
    made.add_argument("--population", choices=sorted(POPULATIONS), default="natural")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: object,
    told: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=told, description=told)
    parser.set_defaults(run=run)
    parser.add_argument("--dir", type=Path, default=DEFAULT_FOLDER, help=f"its folder ({DEFAULT_FOLDER})")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _up(given: argparse.Namespace) -> int:
    options = Options(
        agents=given.agents,
        base_port=given.base_port,
        phone_sound=not given.silent_phones,
        login_command=given.login_command,
        disposition_command=given.disposition_command,
    )
    testbed = Testbed(given.dir, options)
    testbed.up()
    return _show(testbed.status(), given.json)


def _down(given: argparse.Namespace) -> int:
    Testbed(given.dir).down()
    return _show({"down": True}, given.json)


def _status(given: argparse.Namespace) -> int:
    return _show(Testbed(given.dir).status(), given.json)


def _check(given: argparse.Namespace) -> int:
    results = Testbed(given.dir).check()
    if given.json:
        print(json.dumps([{"part": part, "fault": fault} for part, fault in results]))
    else:
        for part, fault in results:
            print(f"{'FAIL' if fault else 'OK':4}  {part}{': ' + fault if fault else ''}")
    return int(any(fault for _, fault in results))


def _leads(given: argparse.Namespace) -> int:
    writer = csv.writer(sys.stdout)
    writer.writerow(HEADER)
    writer.writerows(leads(given.count, given.seed, given.population))
    return 0


def _show(facts: dict[str, object], as_json: bool) -> int:
    if as_json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name:14} {value}")
    return 0
