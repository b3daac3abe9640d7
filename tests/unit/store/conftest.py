"""A store with one campaign, on a real file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.store import Store
from tests.unit.store.helpers import opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "dialer.db") as store:
        yield store
