"""The settings of what the daemon tells others: alerts, MQTT, metrics."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from dialer.config_words import FolderPath, OptionalWord, PlainPath, Port, Section, SocketMode, Word


class Alerts(Section):
    """When a supervisor or administrator is told. docs/how-to/alerts.md says what each alert asks for."""

    enabled: bool = Field(default=True, description="Watch the floor and raise alerts.")
    language: Literal["fr", "en"] = Field(default="fr", description="Language of causes and hints.")
    hold_s: float = Field(
        default=5.0, ge=0, le=3600, description="A bound must be crossed for this long before an alert is raised."
    )
    clear_s: float = Field(
        default=15.0, ge=0, le=3600, description="All must be well for this long before an alert is resolved."
    )
    hysteresis_pct: float = Field(
        default=10.0, ge=0, le=90, description="A value must come back past its bound by this much to be well again."
    )
    window_s: float = Field(
        default=600.0, ge=30, le=7200, description="Calls of this long are looked at for rates and delays."
    )
    budget_pct: float = Field(
        default=50.0,
        ge=1,
        le=100,
        description="Share of a window's abandonment budget whose use is told; 80 % is a warning, 100 % critical.",
    )
    agents_idle_s: float = Field(
        default=120.0, ge=5, le=7200, description="An agent waits this long for a call while leads exist."
    )
    no_agent_s: float = Field(
        default=20.0, ge=0, le=3600, description="Calls ring this long while no agent is on the line."
    )
    list_end_min: float = Field(
        default=30.0, ge=1, le=1440, description="The leads that may be called now run out within this many minutes."
    )
    pick_up_fall_pct: float = Field(
        default=50.0, ge=5, le=95, description="The pick-up rate is down to this share of its own hour and weekday."
    )
    caller_id_fall_pct: float = Field(
        default=35.0, ge=5, le=95, description="One shown number's pick-up rate is down to this share of its own usual."
    )
    min_calls: int = Field(default=20, ge=1, le=10_000, description="Fewer calls than these say nothing about a rate.")
    trunk_failure_pct: float = Field(
        default=30.0, ge=1, le=100, description="Share of a trunk's calls that end in congestion or failure."
    )
    trunk_min_calls: int = Field(
        default=5, ge=1, le=1000, description="Fewer calls than these say nothing about a trunk."
    )
    post_dial_delay_s: float = Field(
        default=8.0, ge=0.5, le=60, description="Time from dialing to ringing that one call in ten of a trunk exceeds."
    )
    answer_to_agent_ms: float = Field(
        default=1000.0,
        ge=10,
        le=30_000,
        description="Time from answer to agent that one call in a hundred may exceed.",
    )
    phone_failures: int = Field(default=2, ge=1, le=100, description="Failed calls in a row to one agent's phone.")
    wrap_up_long_s: float = Field(default=300.0, ge=5, le=7200, description="An agent is in wrap-up this long.")
    pause_long_s: float = Field(default=1800.0, ge=5, le=86_400, description="An agent is paused this long.")
    hang_up_talk_s: float = Field(
        default=5.0, ge=0.5, le=60, description="A talk shorter than this counts as hung up at once."
    )
    hang_up_pct: float = Field(
        default=50.0, ge=5, le=100, description="Share of an agent's last ten talks that were hung up at once."
    )
    link_down_s: float = Field(default=1.0, ge=0, le=600, description="Asterisk is out of reach this long.")
    mqtt_down_s: float = Field(default=30.0, ge=0, le=3600, description="The MQTT broker is out of reach this long.")
    loop_lag_ms: float = Field(default=250.0, ge=10, le=60_000, description="The daemon answers this late.")
    ami_backlog: int = Field(
        default=1000, ge=10, le=1_000_000, description="Events of Asterisk that wait to be handled."
    )
    store_slow_ms: float = Field(
        default=500.0, ge=10, le=60_000, description="A write to the store takes this long, commit included."
    )
    disk_days: float = Field(
        default=7.0,
        ge=0.1,
        le=365,
        description="Days until the store's disk has less than min_free_mb free, at today's growth.",
    )
    clock_off_s: float = Field(
        default=0.5, ge=0.05, le=3600, description="The wall's clock moved this far against the daemon's."
    )
    tzdata_days: float = Field(default=400.0, ge=30, le=4000, description="Age of the time zone rules.")
    certificate_days: float = Field(default=21.0, ge=1, le=365, description="Days until a certificate ends.")
    backup_age_h: float = Field(default=30.0, ge=1, le=8760, description="Hours since the last good backup.")


THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
Permission = Literal["pause", "resume", "stop_all", "set_pacing", "message"]


class Mqtt(Section):
    """Tell the floor's state and alerts over MQTT (3.1.1). docs/reference/mqtt.md lists every topic."""

    enabled: bool = Field(default=False, description="Connect to a broker.")
    host: str = Field(default="127.0.0.1", min_length=1, max_length=253, description="Host name of the broker.")
    port: Port = Field(default=1883, description="TCP port of the broker; with tls normally 8883.")
    user: OptionalWord = Field(default="", description="User at the broker; empty: none.")
    password_file: PlainPath = Field(
        default=Path("mqtt.password"),
        description="File that holds the user's password, mode 0600. A relative name is looked for among the systemd"
        " credentials first ($CREDENTIALS_DIRECTORY), then beside this file.",
    )
    tls: bool = Field(
        default=False,
        validate_default=True,
        description="Speak MQTT over TLS. Needed unless the broker is on this machine; a password goes nowhere else"
        " without it.",
    )
    tls_ca_file: FolderPath | None = Field(
        default=None,
        examples=["mqtt-ca.pem"],
        description="Certificate authority that signed the broker's certificate; unset: the system's own.",
    )
    tls_cert_file: FolderPath | None = Field(
        default=None, examples=["mqtt-client.pem"], description="Our own certificate, where the broker asks for one."
    )
    tls_key_file: FolderPath | None = Field(
        default=None, examples=["mqtt-client.key"], description="The private key of tls_cert_file, mode 0600."
    )
    prefix: str = Field(
        default="dialer",
        pattern=r"^[a-z0-9][a-z0-9_/-]{0,63}$",
        description="First levels of every topic; the instance's name follows.",
    )
    keepalive_s: int = Field(
        default=15, ge=5, le=600, description="The broker says that we are gone after one and a half times this."
    )
    timeout_s: float = Field(
        default=5.0, ge=0.5, le=60, description="A broker that does not answer within this time is left, tried again."
    )
    reconnect_max_s: float = Field(
        default=30.0, ge=0.5, le=600, description="Longest wait between two attempts to reach the broker."
    )
    every_s: float = Field(
        default=0.1, ge=0.05, le=5, description="Changes of state are gathered this long before they are told."
    )
    attempts: bool = Field(default=False, description="Tell each step of each call too (numbers masked).")
    discovery: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9_/-]{0,63})?$",
        description="Prefix of Home Assistant's discovery, normally homeassistant; empty: no discovery.",
    )
    commands: dict[Word, Annotated[tuple[Permission, ...], Field(strict=False)]] = Field(
        default={},
        description='Who may command over MQTT, and what: { nadia = ["pause", "resume"] } allows'
        " dialer/INSTANCE/cmd/nadia/pause. The broker's ACL must keep everyone else from that topic. Permissions:"
        " pause, resume, stop_all, set_pacing, message. Empty: no commands.",
    )
    command_age_s: float = Field(
        default=10.0, ge=1, le=600, description="A command that says it is older than this is not carried out."
    )

    @field_validator("tls")
    @classmethod
    def _hide_the_password(cls, tls: bool, others: ValidationInfo) -> bool:
        if not tls and others.data.get("user") and others.data.get("host") not in THIS_MACHINE:
            raise ValueError("must be true, for the user's password would go over the network for all to read")
        return tls


def _loopback(host: str) -> str:
    if host not in THIS_MACHINE:
        raise ValueError("must be 127.0.0.1, ::1 or localhost; put a proxy with TLS in front for others")
    return host


class Metrics(Section):
    """Numbers for Prometheus at /metrics; off until a port or a socket is set."""

    host: Annotated[str, AfterValidator(_loopback)] = Field(
        default="127.0.0.1", description="Loopback address to listen on."
    )
    port: Port | None = Field(default=None, examples=[9469], description="TCP port to listen on; unset: none.")
    socket: PlainPath | None = Field(
        default=None,
        examples=["metrics.sock"],
        description="Unix socket to listen on, for node agents and proxies; relative to run_dir; unset: none.",
    )
    socket_mode: SocketMode = Field(default=0o660, description="File mode of that socket.")
    socket_group: OptionalWord = Field(
        default="", description="Group that owns that socket; empty: the daemon's own group."
    )
