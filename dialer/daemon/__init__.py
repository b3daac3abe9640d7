"""The daemon: builds the parts, owns their start, drain and stop."""

from dialer.daemon.life import run

__all__ = ["run"]
