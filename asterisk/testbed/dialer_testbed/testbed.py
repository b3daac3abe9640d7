"""The testbed: a PBX and a carrier, their start, check and end."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from . import checks, world
from . import ports as port_blocks
from .ami import Ami, Message
from .cdr import IN_PROGRESS, CdrRow, read_cdr
from .errors import TestbedError
from .instance import OPERATOR, Instance
from .phones import Phones
from .ports import Ports
from .program import find_program

# What a call floor does not need, or what complains without a configuration file of its own.
NOLOAD = [
    "app_adsiprog",
    "app_agent_pool",
    "app_alarmreceiver",
    "app_confbridge",
    "app_festival",
    "app_followme",
    "app_getcpeid",
    "app_jack",
    "app_minivm",
    "app_page",
    "app_queue",
    "app_sla",
    "app_stasis*",
    "app_voicemail*",
    "cdr_[!c]*",
    "cdr_csv",
    "cel_*",
    "chan_console",
    "chan_iax2",
    "chan_motif",
    "chan_unistim",
    "chan_websocket",
    "func_odbc",
    "pbx_ael",
    "pbx_dundi",
    "pbx_lua",
    "pbx_realtime",
    "res_adsi",
    "res_aeap",
    "res_ari*",
    "res_calendar*",
    "res_clialiases",
    "res_config_*",
    "res_fax*",
    "res_geolocation",
    "res_hep*",
    "res_http_media_cache",
    "res_http_post",
    "res_odbc*",
    "res_parking",
    "res_phoneprov",
    "res_pjsip_config_wizard",
    "res_pjsip_geolocation",
    "res_pjsip_notify",
    "res_pjsip_phoneprov_provider",
    "res_pjsip_stir_shaken",
    "res_prometheus",
    "res_resolver_unbound",
    "res_smdi",
    "res_snmp",
    "res_speech_aeap",
    "res_stasis*",
    "res_statsd",
    "res_stir_shaken",
    "res_stun_monitor",
    "res_websocket_client",
    "res_xmpp",
]
MAX_AGENTS = 500


@dataclass(frozen=True, slots=True)
class Options:
    """How a testbed is set up. ``login_command`` and ``disposition_command`` are AGI programs, with commas."""

    agents: int = 100
    base_port: int | None = None
    phone_sound: bool = True
    login_number: str = "8000"
    login_command: str = ""
    disposition_command: str = ""
    extra_globals: dict[str, str] = field(default_factory=dict)


class Testbed:
    """Two Asterisk in ``folder``. ``up`` may be called again at any time; ``down`` leaves no process."""

    __test__ = False  # pytest collects classes named Test*

    def __init__(self, folder: Path, options: Options | None = None) -> None:
        self.folder = folder.resolve()
        self.options = options or Options()
        self.trunk = "carrier"
        self.second_trunk = "carrier2"
        program = find_program()
        self.asterisk_version = program.version()
        self.pbx = Instance("pbx", self.folder / "pbx", program)
        self.carrier = Instance("carrier", self.folder / "carrier", program)
        self.phones = Phones(self.carrier_ami, self.folder / "carrier/heard", self.options.login_number)

    # state kept between two commands of the command line

    @property
    def _state_file(self) -> Path:
        return self.folder / "testbed.json"

    def _state(self) -> dict[str, str]:
        if not self._state_file.exists():
            raise TestbedError(f"No testbed in {self.folder}: bring it up first.")
        state: dict[str, str] = json.loads(self._state_file.read_text())
        return state

    @property
    def ports(self) -> Ports:
        return Ports(int(self._state()["base_port"]))

    @property
    def ami_secret(self) -> str:
        """The secret of the manager user ``dialer`` on the PBX."""
        return self._state()["dialer_secret"]

    # life

    def up(self) -> None:
        """Bring both up, with a clean carrier, or do nothing when both run."""
        if self.pbx.pid() and self.carrier.pid():
            return
        self.down()
        with port_blocks.claimed(self.options.base_port) as ports:
            self._write_state(ports)
            for instance in (self.carrier, self.pbx):
                instance.clear()
            self.carrier.configure(self._carrier_values(ports))
            self.pbx.configure(self._pbx_values(ports))
            self._write_dialer_secret()
            self._start_both()

    def _start_both(self) -> None:
        try:
            self.carrier.start()
            self.pbx.start()
        except BaseException:  # Ctrl-C too: half a testbed is not left behind
            self.down()
            raise

    def down(self) -> None:
        """End both; files stay for reading."""
        for instance in (self.pbx, self.carrier):
            instance.stop()

    def start_pbx(self) -> None:
        """Start the PBX again after ``kill_pbx`` or ``pbx.stop``, with the same ports."""
        self.pbx.start()

    def kill_pbx(self) -> None:
        """End the PBX at once, as a power cut would."""
        self.pbx.kill()

    def restart_pbx(self) -> None:
        """Kill the PBX and start it again."""
        self.kill_pbx()
        self.start_pbx()

    def __enter__(self) -> Testbed:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    # hands

    def pbx_cli(self, command: str) -> str:
        return self.pbx.cli(command)

    def carrier_cli(self, command: str) -> str:
        return self.carrier.cli(command)

    def pbx_ami(self, user: str = "testbed") -> Ami:
        """A manager session on the PBX: as ``testbed`` (may do all) or as ``dialer`` (the daemon's rights)."""
        return Ami(self.ports.pbx_ami, user, self._state()[f"{user}_secret"])

    def carrier_ami(self) -> Ami:
        return Ami(self.ports.carrier_ami, "testbed", self._state()["testbed_secret"])

    def fail_trunk(self, name: str) -> None:
        """The carrier answers every new call that comes over this trunk with congestion."""
        self.carrier_cli(f"dialplan set global DOWN_{name} 1")

    def mend_trunk(self, name: str) -> None:
        """The carrier takes calls over this trunk again."""
        self.carrier_cli(f"dialplan set global DOWN_{name} 0")

    # witnesses

    def carrier_cdr(self, wait_s: float = 0) -> list[CdrRow]:
        """Every call to a number that reached the carrier, finished ones first, then those in progress.

        With ``wait_s`` it first waits, that long at most, until no such call is in progress.
        """
        deadline = time.monotonic() + wait_s
        while (running := self._in_progress()) and time.monotonic() < deadline:
            time.sleep(0.05)
        finished = self._finished()
        known = {row.uniqueid for row in finished}
        return finished + [row for row in running if row.uniqueid not in known]

    def _finished(self) -> list[CdrRow]:
        rows = read_cdr(self.carrier.run / "log/cdr-custom/calls.csv")
        return [row for row in rows if not _is_phone(row.number)]

    def _in_progress(self) -> list[CdrRow]:
        with self.carrier_ami() as ami:
            channels = ami.listed("CoreShowChannels", "CoreShowChannelsComplete")
        return [row for row in map(running_row, channels) if not _is_phone(row.number)]

    def record(self, who: str) -> None:
        """From its next call on, what ``who`` (a number or agent-1001) hears is kept: see ``heard``."""
        self.carrier_cli(f"database put record {who} 1")

    def heard(self, who: str) -> Path:
        """The sound file (WAV, 8 kHz) of what ``who`` heard in the last recorded call."""
        return self.carrier.run / "heard" / f"{who}-heard.wav"

    def status(self) -> dict[str, object]:
        """What runs, and where: for ``status --json``."""
        ports = self.ports
        return {
            "folder": str(self.folder),
            "asterisk": self.asterisk_version,
            "pbx_pid": self.pbx.pid(),
            "carrier_pid": self.carrier.pid(),
            "trunk": self.trunk,
            "login_number": self.options.login_number,
            "ami_host": "127.0.0.1",
            "ami_user": "dialer",
            **{
                f"{name}_port": getattr(ports, name)
                for name in ("pbx_sip", "carrier_sip", "pbx_ami", "carrier_ami", "fastagi")
            },
        }

    def check(self) -> list[tuple[str, str]]:
        """Parts and what is wrong with each (empty: nothing)."""
        return checks.run(self)

    # configuration

    def _write_state(self, ports: Ports) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "base_port": str(ports.base),
            "testbed_secret": secrets.token_hex(16),
            "dialer_secret": secrets.token_hex(16),
        }
        _write_private(self._state_file, json.dumps(state))

    def _write_dialer_secret(self) -> None:
        text = f"[dialer](+)\nsecret = {self.ami_secret}\n"
        _write_private(self.pbx.run / "conf/manager_dialer_secret.conf", text)

    def _common_values(self) -> dict[str, object]:
        return {
            "NOLOAD": "\n".join(f"noload = {module}.so" for module in self._unneeded()),
            "TESTBED_SECRET": self._state()["testbed_secret"],
            "OPERATOR": OPERATOR,
            "LOGIN_NUMBER": self.options.login_number,
        }

    def _pbx_values(self, ports: Ports) -> dict[str, object]:
        return self._common_values() | {
            "SIP_PORT": ports.pbx_sip,
            "PEER_SIP_PORT": ports.carrier_sip,
            "AMI_PORT": ports.pbx_ami,
            "FASTAGI_PORT": ports.fastagi,
            "RTP_FIRST": ports.pbx_rtp[0],
            "RTP_LAST": ports.pbx_rtp[1],
            "IDENTIFY_ORDER": "username,ip",  # a phone by its name, the carrier by its address
            "TESTBED_READ": "all",
            "MANAGER_INCLUDE": f"#include {OPERATOR}/manager_dialer.conf",
            "GLOBALS": "\n".join(f"{key} = {value}" for key, value in self._globals().items()),
            "AGENTS": "\n".join(self._pbx_agent(name, ports) for name in self.agent_names()),
        }

    def _unneeded(self) -> list[str]:
        """The modules of NOLOAD that this Asterisk has."""
        names = [path.stem for path in self.pbx.program.modules.glob("*.so")]
        return sorted(n for n in names if any(fnmatch(n, pattern) for pattern in NOLOAD))

    def _globals(self) -> dict[str, str]:
        commands = {
            "DIALER_AGI_LOGIN": self.options.login_command,
            "DIALER_AGI_DISPOSITION": self.options.disposition_command,
        }
        return {key: value for key, value in commands.items() if value} | self.options.extra_globals

    def _carrier_values(self, ports: Ports) -> dict[str, object]:
        return self._common_values() | {
            "SIP_PORT": ports.carrier_sip,
            "PEER_SIP_PORT": ports.pbx_sip,
            "AMI_PORT": ports.carrier_ami,
            "RTP_FIRST": ports.carrier_rtp[0],
            "RTP_LAST": ports.carrier_rtp[1],
            "IDENTIFY_ORDER": "ip",
            "TESTBED_READ": "call,user,dtmf",
            "MANAGER_INCLUDE": "",
            "SOUNDS": OPERATOR / "testbed/sounds",
            "PHONE_SOUND": "tone" if self.options.phone_sound else "none",
            "TABLES": world.dialplan_globals(),
            "POPULATION_ROWS": world.dialplan_rows(),
            "UNKNOWN_OF_97": world.UNKNOWN_OF_97,
            "ROWS": world.ROWS,
            "AGENTS": "\n".join(f"[{name}](phone)\nfrom_user = {name}" for name in self.agent_names()),
        }

    def agent_names(self) -> list[str]:
        """The phones: ``agent-1001`` and on."""
        if not 0 <= self.options.agents <= MAX_AGENTS:
            raise TestbedError(f"{self.options.agents} agents: give 0 to {MAX_AGENTS}.")
        return [f"agent-{1001 + index}" for index in range(self.options.agents)]

    def _pbx_agent(self, name: str, ports: Ports) -> str:
        silent = "" if self.options.phone_sound else "rtp_timeout = 0\n"
        return (
            f"[{name}](dialer-agent)\naors = {name}\n{silent}"
            f"[{name}](dialer-agent-aor)\ncontact = sip:{name}@127.0.0.1:{ports.carrier_sip}\n"
        )


def _is_phone(called: str) -> bool:
    return called.startswith("agent-")


def running_row(channel: Message) -> CdrRow:
    """The call of a channel in ``CoreShowChannels``."""
    hours, minutes, seconds = (int(part) for part in channel["Duration"].split(":"))
    started = time.time() - (hours * 3600 + minutes * 60 + seconds)
    return CdrRow(
        # A channel that was just made has not run the first line of the dialplan, which keeps the number.
        number=channel["AccountCode"] or channel["Exten"],
        attempt="",
        caller=channel.get("CallerIDNum", ""),
        dst=channel.get("Exten", ""),
        uniqueid=channel["Uniqueid"],
        channel=channel["Channel"],
        started_at=started,
        answered_at=None,
        ended_at=None,
        disposition=IN_PROGRESS,
    )


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
