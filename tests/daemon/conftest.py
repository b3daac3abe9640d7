"""A bench: engine and dial loop on a store of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.store import open_store
from tests.daemon.harness import NOW, Bench
from tests.daemon.installation import Installed, install, python


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Five leads, three ready agents."""
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: NOW) as store:
        made = Bench(store)
        await made.open([f"+3319900000{n}" for n in range(5)])
        yield made


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The dialer as ``make install`` leaves it, with all that it needs from the package index."""
    interpreter = python()
    if interpreter is None:
        pytest.skip("there is no Python outside home folders that can make environments")
    return install(tmp_path_factory.mktemp("installed"), interpreter)
