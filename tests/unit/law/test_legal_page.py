"""The page for a French centre does what it says: its commands, typed in its order."""

import re
import shlex
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Dialer
from tests.unit.law.conftest import CONSENT, FIRST, write_people

PAGE = Path(__file__).parents[3] / "docs/how-to/legal.md"


def test_every_command_of_the_page_does_its_work(dialer: Dialer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dialer.folder)
    write_people(dialer.folder / "people.csv", f"{FIRST},Un,75001,{CONSENT}")
    (dialer.folder / "refusals.csv").write_text("telephone\n0142000001\n")
    (dialer.folder / "lyon.csv").write_text("telephone,date\n0142000001,2026-10-12\n")
    (dialer.folder / "tps.csv").write_text("02079460001\n")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]

    for line in lines:
        assert dialer.ok(*shlex.split(line.replace("--lead 1042", "--lead 1"), comments=True)[1:]), line

    assert len(lines) > 15
    assert "form-17" in (dialer.folder / "proof.csv").read_text()
