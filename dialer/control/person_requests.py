"""What the commands on a person's data take."""

from dialer.control.requests import Params, Reason, Region


class PersonRef(Params):
    """Whoever has a number; ``region`` is the country of a number without a country code."""

    number: Reason
    region: Region = "FR"


class PersonErase(PersonRef):
    """Erase a person; ``compact`` rewrites the store's file afterwards, which takes time and holds up everybody."""

    compact: bool = False


class RetentionRun(Params):
    """Take out what presets say is kept no longer, or only count it."""

    dry_run: bool = False
