"""Every test: the same examples at each run, unless a campaign asks for new ones."""

import os

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("DIALER_HYPOTHESIS", "repeatable"))


# What shares a testbed, ports or an installation stays in one process of `make test`; the others compute beside it.
ONE_PROCESS_EACH = ("tests/asterisk/", "tests/daemon/")


class Piles(LoadScopeScheduling):  # type: ignore[misc]
    """Deals tests out to the processes of ``-n``: such a folder whole to one of them, all else one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in ONE_PROCESS_EACH if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Piles:
    """How ``-n`` deals tests out."""
    return Piles(config, log)
