"""The doctor and a real Asterisk, with the files that the operator includes."""

import asyncio
from pathlib import Path

import pytest
from dialer_testbed import Testbed

from dialer.config_file import Loaded, parse
from dialer.pbx.doctor import check_pbx

pytestmark = pytest.mark.asterisk


@pytest.fixture
def loaded(testbed: Testbed, tmp_path: Path) -> Loaded:
    secret = tmp_path / "ami.secret"
    secret.write_text(f"{testbed.ami_secret}\n")
    secret.chmod(0o600)
    return parse(f"[ami]\nport = {testbed.ports.pbx_ami}\n", tmp_path / "dialer.toml")


async def test_the_testbed_is_in_good_health(loaded: Loaded) -> None:
    async with asyncio.timeout(60):
        checks = await check_pbx(loaded, ["carrier"])
        while [check.name for check in checks if not check.ok] == ["trunk carrier"]:
            await asyncio.sleep(0.5)  # a PBX that has just started has not yet heard from its trunks
            checks = await check_pbx(loaded, ["carrier"])

    assert [(check.name, check.seen) for check in checks if not check.ok] == []
    assert {"right to originate", "dialplan version", "trunk carrier", "sound: message, French"} <= {
        c.name for c in checks
    }


async def test_a_trunk_that_is_not_there_is_found(loaded: Loaded) -> None:
    checks = {check.name: check for check in await check_pbx(loaded, ["nosuch"])}

    assert checks["trunk nosuch"].seen == "there is no such PJSIP endpoint"


async def test_a_wrong_secret_is_found(loaded: Loaded) -> None:
    (loaded.path.parent / "ami.secret").write_text("wrong\n")

    (only,) = await check_pbx(loaded)

    assert (only.name, only.ok) == ("ami login", False)
