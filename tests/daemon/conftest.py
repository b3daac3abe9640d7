"""A bench: engine and dial loop on a store of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.store import open_store
from tests.daemon.harness import NOW, Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Five leads, three ready agents."""
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: NOW) as store:
        made = Bench(store)
        await made.open([f"+3319900000{n}" for n in range(5)])
        yield made
