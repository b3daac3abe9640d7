"""The keyed hash is HMAC-SHA256, so that lists sealed by any version are known to any other."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from dialer.store.seal import sealer


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(codec="utf-8")))
def test_it_is_the_standards(key: bytes, text: str) -> None:
    wanted = hmac.digest(key, text.encode(), "sha256")[:16]

    assert sealer(key)(text) == wanted
