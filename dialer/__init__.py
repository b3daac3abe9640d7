"""dialerd: a predictive dialer daemon for Asterisk."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dialerd")
except PackageNotFoundError:  # run from a bare checkout, before `make` installed it
    __version__ = "0.0.0+checkout"
