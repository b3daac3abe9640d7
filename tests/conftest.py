"""Every test: the same examples at each run, unless a campaign asks for new ones."""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("DIALER_HYPOTHESIS", "repeatable"))
