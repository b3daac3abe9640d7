"""What can go wrong with the store, as its users read it."""
# ruff: noqa: N818 - each names a state of the store, as StoreUnavailable, and reads better without "Error".

from dialer.errors import DialerError


class StoreError(DialerError):
    """The store refuses what was asked of it."""

    code = "store"


class StoreUnavailable(StoreError):
    """Nothing was written: the disk is full, read-only or failing. Tried again by itself; dial nothing meanwhile."""

    code = "store_unavailable"


class StoreClosed(StoreUnavailable):
    """The store is closed or closing and takes no more work."""

    code = "store_closed"


class StoreLocked(StoreError):
    """Another process has the store open for writing."""

    code = "store_locked"


class StoreMissing(StoreError):
    """There is no store at that path."""

    code = "store_missing"


class StoreNewer(StoreError):
    """The store was written by a newer version of the dialer."""

    code = "store_newer"


class StoreOlder(StoreError):
    """The store is read by itself, and its schema must first be brought up to date by the daemon."""

    code = "store_older"


class StoreDamaged(StoreError):
    """The file is not a store of the dialer, or its integrity check failed."""

    code = "store_damaged"


class BackupRefused(StoreError):
    """A backup cannot be made or put back as things stand."""

    code = "backup_refused"


class NotFound(StoreError):
    """The campaign, list, agent or attempt named does not exist."""

    code = "not_found"


class AlreadyExists(StoreError):
    """The name is taken."""

    code = "already_exists"


class Invalid(StoreError):
    """A value cannot be kept as it is."""

    code = "invalid"


class Refused(StoreError):
    """It is understood, but cannot be done as things stand."""

    code = "refused"
