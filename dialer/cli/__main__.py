"""``python -m dialer.cli`` is ``dialer``."""

from dialer.cli import main

main(prog_name="dialer")
