#!/usr/bin/env python3
"""Bring up, check and take down the testbed: ``python3 asterisk/testbed/testbed.py up``."""

import sys

from dialer_testbed.command import main

if __name__ == "__main__":
    sys.exit(main())
