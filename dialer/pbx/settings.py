"""What the room needs to know. Plain data: the configuration's edge reads and checks the file."""

import ssl
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DialFormat:
    """How a trunk wants E.164 numbers.

    ``+33612345678`` is dialed ``prefix`` + ``33612345678``; when ``country_code`` is ``33`` and ``national_prefix`` is
    ``0``, numbers of that country are dialed ``0612345678``.
    """

    prefix: str = "00"
    country_code: str = ""
    national_prefix: str = "0"


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """How to reach Asterisk's manager interface. Times are seconds."""

    username: str
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5038
    tls: ssl.SSLContext | None = None
    dial_format: DialFormat = DialFormat()
    agent_dial_format: str = "PJSIP/{phone}"
    send_attempt_id: bool = False  # put the attempt's id on the wire to the carrier, as X-Dialer-Attempt
    connect_timeout_s: float = 5.0
    action_timeout_s: float = 5.0
    snapshot_timeout_s: float = 15.0
    boot_timeout_s: float = 30.0
    ping_interval_s: float = 2.0
    ping_timeout_s: float = 5.0
    backoff_first_s: float = 0.2
    backoff_last_s: float = 5.0
    refused_retry_s: float = 30.0
    max_backlog: int = 100_000  # messages read but not yet handled; more than that and the link is dropped
