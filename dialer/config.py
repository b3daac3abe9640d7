"""Every setting of the daemon, as one typed tree.

A *setting* is one key; the settings of one file (and its ``conf.d``) make up a *configuration*. Each name carries its
unit (``_s`` seconds, ``_pct`` percent, ``_per_s`` a second). ``dialer.config_file`` reads it from disk;
``config/dialer.toml`` and ``docs/reference/config.md`` are written from the descriptions below.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dialer.config_telling import Alerts, Metrics, Mqtt
from dialer.config_words import FolderPath, OptionalWord, PlainPath, Port, Section, SocketMode, Word


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
        description="With less free space than this on the store's disk the alert disk_full_soon is critical, and"
        " `dialer doctor` complains.",
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


class Export(Section):
    """What `dialer outcomes daily` does, by hand and each night by dialerd-export.timer."""

    folder: PlainPath = Field(
        default=Path("exports"),
        description="Folder of the daily files, one folder in it a day; relative to state_dir.",
    )
    format: Literal["csv", "excel", "jsonl"] = Field(
        default="csv", description="excel: for a double click in a French Excel (BOM, semicolons)."
    )
    keep_days: int = Field(
        default=31, ge=1, le=3650, description="Older days are removed: the files hold people's numbers."
    )


class Dialing(Section):
    """How calls are dialed. A campaign's own settings stand above these."""

    trunk: OptionalWord = Field(default="", description="PJSIP endpoint of the carrier, for campaigns that name none.")
    backup_trunks: dict[Word, Word] = Field(
        default={},
        description='Which trunk carries the calls of one that fails: { carrier = "other" }. Without one, a trunk that'
        " fails is only tried. The other must take numbers in the same form, and show the same caller ids.",
    )
    trunk_failures: int = Field(
        default=8,
        ge=0,
        le=100,
        description="A trunk is avoided when so many calls in a row end in congestion or failure; 0: never.",
    )
    trunk_probe_s: float = Field(
        default=15.0,
        ge=1,
        le=3600,
        description="Time between two calls that try an avoided trunk; it is used again when one gets through.",
    )
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


class Config(Section):
    """The whole configuration."""

    daemon: Daemon = Daemon()
    ami: Ami = Ami()
    fastagi: FastAgi = FastAgi()
    store: Store = Store()
    backup: Backup = Backup()
    export: Export = Export()
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
    def export_folder(self) -> Path:
        """The folder of the daily files."""
        return self.daemon.state_dir / self.export.folder

    @property
    def control_path(self) -> Path:
        """The socket of the command line."""
        return self.daemon.run_dir / self.daemon.control_socket

    @property
    def agents_path(self) -> Path:
        """The socket of the AGI programs."""
        return self.daemon.run_dir / self.daemon.agents_socket
