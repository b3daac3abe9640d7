"""The one error of the testbed: a sentence for the person at the keyboard."""


class TestbedError(Exception):
    """Says what is wrong and what to do.

    The testbed uses the standard library alone (it runs before the project is installed), so this
    is not a ``dialer.errors.DialerError``.
    """

    __test__ = False  # pytest collects classes named Test*
