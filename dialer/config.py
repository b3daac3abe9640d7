"""Every setting of the daemon, as one typed tree.

A *setting* is one key; the settings of one file (and its ``conf.d``) make up a *configuration*. Each name carries its
unit (``_s`` seconds, ``_pct`` percent, ``_per_s`` a second). ``dialer.config_file`` reads it from disk;
``config/dialer.toml`` and ``docs/reference/config.md`` are written from the descriptions below.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
OptionalWord = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def _beside_the_config(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path("/"))
    return folder / path


# A relative path means: beside the config file that names it.
FolderPath = Annotated[Path, Field(strict=False), AfterValidator(_beside_the_config)]


def _closed_to_others(mode: int) -> int:
    if mode not in {0o600, 0o660}:
        raise ValueError("must be 0o600 (owner) or 0o660 (owner and group)")
    return mode


SocketMode = Annotated[int, AfterValidator(_closed_to_others), Field(json_schema_extra={"octal": True})]
PlainPath = Annotated[Path, Field(strict=False)]


class Section(BaseModel):
    """One table of the configuration. Unknown keys and values of another type are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True, str_max_length=4096
    )


class Daemon(Section):
    """Where the daemon keeps its files, and who may command it."""

    instance: str = Field(
        default="dialer",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$",
        description="Name of this dialer, for logs and alerts; lower case, digits, dash and underscore.",
    )
    state_dir: FolderPath = Field(
        default=Path("/var/lib/dialer"), description="Folder of what must survive a restart: the store."
    )
    run_dir: FolderPath = Field(default=Path("/run/dialer"), description="Folder of the sockets; emptied by a reboot.")
    control_socket: PlainPath = Field(
        default=Path("control.sock"),
        description="Unix socket on which the command line reaches the daemon; relative to run_dir.",
    )
    control_mode: SocketMode = Field(
        default=0o660, description="File mode of the control socket: who may write to it may command the daemon."
    )
    control_group: OptionalWord = Field(
        default="", description="Group that owns the control socket; empty: the daemon's own group."
    )
    agents_socket: PlainPath = Field(
        default=Path("agents.sock"),
        description="Unix socket of the AGI programs (agent login, pause, disposition); relative to run_dir.",
    )
    agents_mode: SocketMode = Field(
        default=0o660, description="File mode of the agents' socket; Asterisk must be able to write."
    )
    agents_group: OptionalWord = Field(
        default="", description="Group that owns the agents' socket, normally asterisk; empty: the daemon's own group."
    )


class Ami(Section):
    """How the daemon reaches Asterisk's manager interface (AMI)."""

    host: str = Field(
        default="127.0.0.1", min_length=1, max_length=253, description="Host name or address of Asterisk."
    )
    port: Port = Field(default=5038, description="TCP port of AMI (manager.conf: port or tlsbindaddr).")
    user: Word = Field(default="dialer", description="Manager user, as in asterisk/manager_dialer.conf.")
    secret_file: PlainPath = Field(
        default=Path("ami.secret"),
        description="File that holds the manager user's secret, mode 0600. A relative name is looked for among the"
        " systemd credentials first ($CREDENTIALS_DIRECTORY), then beside this file.",
    )
    tls: bool = Field(default=False, description="Speak AMI over TLS. Needed unless Asterisk is on this machine.")
    tls_ca_file: FolderPath | None = Field(
        default=None,
        examples=["asterisk-ca.pem"],
        description="Certificate authority that signed Asterisk's certificate; unset: the system's own.",
    )
    connect_timeout_s: float = Field(default=5.0, ge=0.1, le=60, description="Time limit for connection and login.")
    action_timeout_s: float = Field(default=5.0, ge=0.1, le=60, description="Time limit for the answer to one action.")
    ping_interval_s: float = Field(
        default=2.0,
        ge=0.5,
        le=60,
        description="A link silent for this long is asked for a sign of life, and dropped without.",
    )
    reconnect_max_s: float = Field(
        default=5.0, ge=0.5, le=300, description="Longest wait between two attempts to reach Asterisk again."
    )


class FastAgi(Section):
    """Where the daemon answers the dialplan of an answered call."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        max_length=253,
        description="Address to listen on. Anyone who reaches it can take calls: keep it on the loopback.",
    )
    port: Port = Field(
        default=4573, description="TCP port to listen on; DIALER_FASTAGI in the dialplan must name the same."
    )


class Store(Section):
    """Where leads, attempts and outcomes are kept."""

    path: PlainPath = Field(
        default=Path("dialer.db"), description="SQLite file; relative to state_dir. Never on a network disk."
    )
    min_free_mb: int = Field(
        default=500,
        ge=1,
        le=1_000_000,
        description="`dialer doctor` complains when the disk has less free space than this.",
    )


class Backup(Section):
    """What `dialer backup` does, by hand and each night by dialerd-backup.timer."""

    folder: PlainPath = Field(
        default=Path("backups"),
        description="Folder of the backups; relative to state_dir. Another disk survives the death of this one.",
    )
    keep_days: float = Field(
        default=14.0, ge=0.01, le=3650, description="Older backups are removed when a new one is proven."
    )
    keep_at_least: int = Field(
        default=3, ge=1, le=1000, description="So many of the newest backups stay, however old they are."
    )


class Dialing(Section):
    """How calls are dialed. A campaign's own settings stand above these."""

    trunk: OptionalWord = Field(default="", description="PJSIP endpoint of the carrier, for campaigns that name none.")
    number_prefix: str = Field(
        default="00",
        pattern=r"^[0-9]{0,8}$",
        description="Digits that the carrier wants before an international number (33142000000); empty: none.",
    )
    home_country_code: str = Field(
        default="",
        pattern=r"^([1-9][0-9]{0,2})?$",
        description="Country code whose numbers the carrier wants in national form; empty: there is none.",
    )
    home_prefix: str = Field(
        default="0",
        pattern=r"^[0-9]{0,4}$",
        description="Digits before a national number: with home_country_code 33, +33142000000 is dialed 0142000000.",
    )
    caller_id: str = Field(
        default="",
        pattern=r"^(\+[1-9][0-9]{6,14})?$",
        description="Number shown to the called person, +33..., for campaigns that name none.",
    )
    ring_timeout_s: float = Field(
        default=25.0, ge=5, le=120, description="A phone rings this long before the call is given up."
    )
    connect_deadline_s: float = Field(
        default=2.0,
        ge=0.5,
        le=10,
        description="An answered person who meets no agent within this time hears the message.",
    )
    max_lines: int | None = Field(
        default=None,
        examples=[60],
        ge=1,
        le=10_000,
        description="Most calls at a time over all campaigns; unset: no bound.",
    )
    max_calls_per_s: float = Field(
        default=20.0, ge=0.1, le=500, description="Most calls dialed a second over all campaigns."
    )
    abandonment_limit_pct: float = Field(
        default=3.0,
        ge=0,
        le=10,
        description="Most abandoned calls among those answered by a person, for campaigns that name none.",
    )
    policy: Literal["auto", "predictive", "progressive", "ratio", "preview"] = Field(
        default="auto",
        description="How calls are paced, for campaigns that name no policy; auto is predictive where that gains.",
    )
    day_end: str = Field(
        default="20:00",
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="Time of the day's last calls by the preset's clock: pacing expects no answers after it.",
    )
    tick_s: float = Field(
        default=1.0, ge=0.1, le=5, description="The floor decides at every event and at least this often."
    )
    drain_timeout_s: float = Field(
        default=600.0,
        ge=0,
        le=7200,
        description="A stopping daemon waits this long for talks to end, then lets go of them.",
    )
    language: Literal["fr", "en"] = Field(
        default="fr", description="Language of prompts and of the safe-harbour message."
    )
    message: str = Field(
        default="dialer/safe-harbour",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]{0,127}$",
        description="Sound that an abandoned person hears, below Asterisk's sounds folder, without extension.",
    )


def _known_preset(name: str) -> str:
    from dialer.rules import preset_names

    if name not in preset_names():
        raise ValueError(f"must be one of {', '.join(preset_names())}")
    return name


class Law(Section):
    """Which calling law holds. A campaign's own settings stand above these."""

    preset: Annotated[str, AfterValidator(_known_preset)] = Field(
        default="fr",
        description="Preset of campaigns that name none: fr, fr_b2b, uk, us, ma, ... (docs/reference/rules.md). lab"
        " calls fictional numbers only, at any hour: for tests.",
    )


class Agents(Section):
    """How agents work. A campaign's own settings stand above these."""

    dial_format: str = Field(
        default="PJSIP/{phone}",
        pattern=r"^[A-Za-z0-9/@._+-]*\{phone\}[A-Za-z0-9/@._+-]*$",
        max_length=128,
        description="How an agent's phone is dialed; {phone} becomes the name of the phone (its PJSIP endpoint).",
    )
    wrap_up_s: float = Field(default=20.0, ge=0, le=3600, description="Time after a talk before the next call comes.")
    ring_timeout_s: float = Field(
        default=30.0, ge=5, le=120, description="The dialer rings an agent's phone this long."
    )
    pin_tries: int = Field(
        default=5, ge=1, le=100, description="Wrong PINs for one agent before logins are refused for a while."
    )
    pin_lockout_s: float = Field(default=300.0, ge=1, le=86_400, description="How long logins are then refused.")


def _loopback(host: str) -> str:
    if host not in {"127.0.0.1", "::1", "localhost"}:
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


class Log(Section):
    """What the daemon writes to the journal. Phone numbers are always masked."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important event that is written."
    )
    format: Literal["auto", "json", "console", "journal"] = Field(
        default="auto",
        description="json: one object a line; console: for people; journal: to systemd's journal with fields to search"
        " by; auto: console on a terminal, journal under systemd, else json.",
    )


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
    loop_lag_ms: float = Field(default=250.0, ge=10, le=60_000, description="The daemon answers this late.")
    ami_backlog: int = Field(
        default=1000, ge=10, le=1_000_000, description="Events of Asterisk that wait to be handled."
    )
    store_slow_ms: float = Field(
        default=500.0, ge=10, le=60_000, description="A write to the store takes this long, commit included."
    )
    disk_days: float = Field(
        default=7.0, ge=0.1, le=365, description="Days until the store's disk is full at today's growth."
    )
    clock_off_s: float = Field(
        default=0.5, ge=0.05, le=3600, description="The wall's clock moved this far against the daemon's."
    )
    tzdata_days: float = Field(default=400.0, ge=30, le=4000, description="Age of the time zone rules.")
    certificate_days: float = Field(default=21.0, ge=1, le=365, description="Days until a certificate ends.")
    backup_age_h: float = Field(default=30.0, ge=1, le=8760, description="Hours since the last good backup.")


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
    tls: bool = Field(default=False, description="Speak MQTT over TLS. Needed unless the broker is on this machine.")
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


class Config(Section):
    """The whole configuration."""

    daemon: Daemon = Daemon()
    ami: Ami = Ami()
    fastagi: FastAgi = FastAgi()
    store: Store = Store()
    backup: Backup = Backup()
    dialing: Dialing = Dialing()
    law: Law = Law()
    agents: Agents = Agents()
    alerts: Alerts = Alerts()
    mqtt: Mqtt = Mqtt()
    metrics: Metrics = Metrics()
    log: Log = Log()

    @property
    def store_path(self) -> Path:
        """The SQLite file."""
        return self.daemon.state_dir / self.store.path

    @property
    def backup_folder(self) -> Path:
        """The folder of the backups."""
        return self.daemon.state_dir / self.backup.folder

    @property
    def control_path(self) -> Path:
        """The socket of the command line."""
        return self.daemon.run_dir / self.daemon.control_socket

    @property
    def agents_path(self) -> Path:
        """The socket of the AGI programs."""
        return self.daemon.run_dir / self.daemon.agents_socket
