"""The testbed of dialerd: two real Asterisk on loopback, with people, machines and agents' phones."""

from .errors import TestbedError
from .testbed import Options, Testbed

__all__ = ["Options", "Testbed", "TestbedError"]
