"""The testbed, brought up once for the whole run, and hands to call through it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "asterisk/testbed"))

from dialer_testbed import Options, Testbed  # noqa: E402

from tests.asterisk.caller import Caller, RouteStub  # noqa: E402
from tests.asterisk.floor_rig import bed  # noqa: E402

__all__ = ["bed"]


@pytest.fixture(scope="session")
def testbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Two real Asterisk. Tests share them: leave no call and no agent behind."""
    login = f"{sys.executable},{Path(__file__).with_name('stub_login.py')}"
    keypad = f"{sys.executable},{Path(__file__).with_name('stub_disposition.py')}"
    options = Options(login_command=login, disposition_command=keypad)
    with Testbed(tmp_path_factory.mktemp("testbed"), options) as running:
        yield running


@pytest.fixture
def caller(testbed: Testbed) -> Iterator[Caller]:
    """The daemon's manager user in a test's hand."""
    with testbed.pbx_ami("dialer") as ami:
        yield Caller(ami, testbed)


@pytest.fixture
def route(testbed: Testbed) -> Iterator[RouteStub]:
    """A stand-in for the daemon's FastAGI server."""
    with RouteStub(testbed.ports.fastagi) as stub:
        yield stub
