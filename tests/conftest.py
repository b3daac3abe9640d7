"""Every test: the same examples at each run, unless a campaign asks for new ones."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("DIALER_HYPOTHESIS", "repeatable"))


# What shares a testbed, ports or an installation stays in one process of `make test`; the others compute beside it.
ONE_PROCESS_EACH = ("asterisk", "daemon")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell ``--dist loadgroup`` which tests belong together, before it reads that from their marks."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in ONE_PROCESS_EACH:
            item.add_marker(pytest.mark.xdist_group(folder))
