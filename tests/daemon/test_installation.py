"""``make install``, ``make uninstall`` and the units, checked by systemd's own tools."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.daemon.installation import ROOT, Installed, uninstall

UNITS = sorted(path.name for path in (ROOT / "systemd").glob("dialerd*.*"))
pytestmark = pytest.mark.timeout(1200)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.endswith(".service")])
def test_a_unit_is_exposed_by_less_than_two(unit: str) -> None:
    done = analyze("security", "--offline=true", "--threshold=20", str(ROOT / "systemd" / unit))
    assert done.returncode == 0, done.stdout[-300:]
    assert "Overall exposure level" in done.stdout


def test_an_exposed_unit_would_be_found(tmp_path: Path) -> None:
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    assert analyze("security", "--offline=true", "--threshold=20", str(bare)).returncode != 0


def test_the_units_are_right_in_systemds_eyes(installed: Installed, tmp_path: Path) -> None:
    units = installed.folder / "usr/local/lib/systemd/system"
    there = tmp_path / "units"
    there.mkdir()
    for unit in UNITS:  # verify wants to see the programs, which stand below DESTDIR
        text = (units / unit).read_text().replace("=/usr/local/bin/dialer", "=/bin/true")
        (there / unit).write_text(text)
    done = analyze("verify", "--man=no", *(str(there / unit) for unit in UNITS))
    ours = [line for line in done.stderr.splitlines() if "dialerd" in line]
    assert ours == []


def test_every_data_file_is_in_the_wheel(installed: Installed) -> None:
    packed = set(zipfile.ZipFile(installed.wheel).namelist())
    ours = {
        str(path.relative_to(ROOT))
        for package in ("dialer", "pacing", "agi_scripts")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix in {".py", ".sql", ".toml"} and "__pycache__" not in path.parts
    }
    assert ours - packed == set()
    assert any(name.endswith("0001_initial.sql") for name in packed)


def test_what_is_installed_is_where_it_belongs(installed: Installed) -> None:
    top = installed.folder / "usr/local"
    assert all((top / "lib/systemd/system" / unit).is_file() for unit in UNITS)
    assert (top / "lib/sysusers.d/dialerd.conf").is_file()
    assert (top / "lib/tmpfiles.d/dialerd.conf").is_file()
    assert (top / "share/dialerd/extensions_dialer.conf").is_file()
    for name in ("mosquitto.conf", "dialer.acl", "node-red-flow.json"):
        assert (top / "share/dialerd/mqtt" / name).is_file()
    assert (top / "share/dialerd/sounds/fr/dialer/safe-harbour.wav").is_file()
    assert (top / "bin/dialer").readlink() == Path("/usr/local/lib/dialerd/bin/dialer")
    assert not (installed.folder / "etc").exists()


def test_nothing_that_is_installed_knows_where_it_was_made(installed: Installed) -> None:
    wrong = str(installed.folder)
    for script in (installed.home / "bin").iterdir():
        if not script.is_symlink():
            assert wrong not in script.read_text(), script
    assert (installed.home / "bin/dialer").read_text().startswith("#!/usr/local/lib/dialerd/bin/python")


def test_what_is_removed_leaves_config_and_data_unless_asked(installed: Installed, tmp_path: Path) -> None:
    there = Installed(tmp_path / "dest", installed.wheel)
    shutil.copytree(installed.folder / "usr/local/lib/systemd", there.folder / "usr/local/lib/systemd")
    there.home.mkdir(parents=True)
    for file in ("etc/dialer/dialer.toml", "var/lib/dialer/dialer.db"):
        (there.folder / file).parent.mkdir(parents=True)
        (there.folder / file).touch()

    uninstall(there)
    left = sorted(str(path.relative_to(there.folder)) for path in there.folder.rglob("*") if path.is_file())
    assert left == ["etc/dialer/dialer.toml", "var/lib/dialer/dialer.db"]
    assert not there.home.exists()

    uninstall(there, "PURGE=1")
    assert [path for path in there.folder.rglob("*") if path.is_file()] == []


def test_every_program_of_the_units_and_the_makefile_is_one_of_the_wheel(installed: Installed) -> None:
    named = set(re.findall(r"^PROGRAMS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    assert {name for name in named if (installed.home / "bin" / name).exists()} == named
