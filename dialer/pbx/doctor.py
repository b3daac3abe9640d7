"""The checks of ``dialer doctor`` that only Asterisk can answer, over a link of their own that dials nobody."""

import asyncio
import re
import time
from collections.abc import Awaitable, Iterable
from typing import Final, TypeAlias

from dialer.checks import Check
from dialer.config_file import Loaded
from dialer.errors import DialerError
from dialer.pbx.connect import ami_settings
from dialer.pbx.errors import PbxError, PbxRefusedError
from dialer.pbx.manager import LinkManager
from dialer.pbx.wire import Headers

Reports: TypeAlias = "asyncio.Queue[Headers]"

STEP_LIMIT_S: Final = 10.0
REPORT_LIMIT_S: Final = 3.0
CLOCK_LIMIT_S: Final = 1.0
OLDEST_ASTERISK: Final = 20
DIALPLAN_VERSION: Final = "v1"
CONTEXTS: Final = (
    *("dialer-answer", "dialer-alone", "dialer-message", "dialer-note-read"),
    *("dialer-agent-login", "dialer-agent", "dialer-agent-say", "dialer-doctor"),
)

_RELOAD_DIALPLAN: Final = (
    "#include dialer/extensions_dialer.conf in extensions.conf, then asterisk -rx 'dialplan reload'"
)
_RELOAD_MANAGER: Final = "#include dialer/manager_dialer.conf in manager.conf, then asterisk -rx 'manager reload'"
_SOUNDS_FIX: Final = "copy asterisk/sounds/ into Asterisk's sounds folder (astdatadir/sounds)"

# Each is refused for want of an argument when we have the right to it, and for want of the right when we have not.
_RIGHTS: Final = {"originate": "Originate", "call": "Redirect"}


async def check_pbx(loaded: Loaded, trunks: Iterable[str] = ()) -> list[Check]:
    """Login, rights, version, clock, dialplan, trunks, sounds. Never raises DialerError: a fault is a Check."""
    reports: Reports = asyncio.Queue(10)

    def keep(_name: str, event: Headers) -> None:
        if event.get("UserEvent") == "DialerDoctor" and not reports.full():
            reports.put_nowait(event)

    try:
        manager = LinkManager(ami_settings(loaded), frozenset({"UserEvent"}), keep)
        await manager.open()
    except DialerError as error:
        return [Check("ami login", ok=False, seen=str(error.args[0]), fix=error.hint or _RELOAD_MANAGER)]
    try:
        ami = loaded.config.ami
        login = Check("ami login", ok=True, seen=f"{ami.user} at {ami.host}:{ami.port}")
        return [login, *await _look(manager, trunks, reports)]
    finally:
        manager.close()


async def _look(manager: LinkManager, trunks: Iterable[str], reports: Reports) -> list[Check]:
    steps = {
        "asterisk version": _version(manager),
        "asterisk's clock": _clock(manager),
        "rights": _rights(manager),
        "dialplan": _dialplan(manager),
        "trunks": _trunks(manager, trunks),
        "sounds": _sounds(manager, reports),
    }
    return [check for name, step in steps.items() for check in await _guarded(name, step)]


async def _guarded(name: str, step: Awaitable[list[Check]]) -> list[Check]:
    """The checks of one step; what Asterisk refuses or does not answer is itself a finding."""
    try:
        async with asyncio.timeout(STEP_LIMIT_S):
            return await step
    except PbxError as error:
        return [Check(name, ok=False, seen=str(error.args[0]), fix=error.hint or _RELOAD_MANAGER)]
    except TimeoutError:
        return [
            Check(name, ok=False, seen=f"no answer within {STEP_LIMIT_S:.0f} s", fix="asterisk -rx 'core show uptime'")
        ]


async def _version(manager: LinkManager) -> list[Check]:
    found = str((await manager.ask("CoreSettings")).asteriskversion)
    major = re.match(r"(?:certified[/-])?(\d+)", found)
    ok = major is not None and int(major[1]) >= OLDEST_ASTERISK
    return [
        Check("asterisk version", ok=ok, seen=found, fix="" if ok else f"install Asterisk {OLDEST_ASTERISK} or newer")
    ]


async def _clock(manager: LinkManager) -> list[Check]:
    before = time.time()
    theirs = str((await manager.ask("Ping")).timestamp)
    try:
        apart = abs(float(theirs) - (before + time.time()) / 2)
    except ValueError:
        return [Check("asterisk's clock", ok=False, seen="Asterisk does not tell its time", fix="update Asterisk")]
    ok = apart <= CLOCK_LIMIT_S
    fix = "" if ok else "timedatectl set-ntp true"
    return [Check("asterisk's clock", ok=ok, seen=f"{apart:.3f} s from ours", fix=fix)]


async def _rights(manager: LinkManager) -> list[Check]:
    return [await _right(manager, right, action) for right, action in _RIGHTS.items()]


async def _right(manager: LinkManager, right: str, action: str) -> Check:
    try:
        await manager.ask(action)
    except PbxRefusedError as error:
        if "permission" not in str(error).lower():
            return Check(f"right to {right}", ok=True, seen="granted")
    return Check(f"right to {right}", ok=False, seen="not granted to the manager user", fix=_RELOAD_MANAGER)


async def _dialplan(manager: LinkManager) -> list[Check]:
    version = await _extensions(manager, "dialer-version")
    if not version:
        return [Check("dialplan", ok=False, seen="the context dialer-version is not loaded", fix=_RELOAD_DIALPLAN)]
    ok = DIALPLAN_VERSION in version
    checks = [Check("dialplan version", ok=ok, seen=", ".join(sorted(version)), fix="" if ok else _RELOAD_DIALPLAN)]
    missing = [context for context in CONTEXTS if not await _extensions(manager, context)]
    seen = f"missing: {', '.join(missing)}" if missing else f"{len(CONTEXTS)} contexts"
    return [*checks, Check("dialplan contexts", ok=not missing, seen=seen, fix=_RELOAD_DIALPLAN if missing else "")]


async def _extensions(manager: LinkManager, context: str) -> set[str]:
    try:
        found = await manager.ask_list("ShowDialPlan", {"Context": context})
    except PbxRefusedError:  # Asterisk's way to say that there is no such context
        return set()
    return {str(item.extension) for item in found if item.extension}


async def _trunks(manager: LinkManager, trunks: Iterable[str]) -> list[Check]:
    return [await _trunk(manager, name) for name in sorted(set(trunks))]


async def _trunk(manager: LinkManager, name: str) -> Check:
    # PJSIPShowEndpoints would say more, but Asterisk wants the right "system" for it, which also opens a shell.
    answer = await manager.ask("Getvar", {"Variable": f"DEVICE_STATE(PJSIP/{name})"})
    state = str(answer.value).upper()
    if state == "INVALID":
        fix = f"define the endpoint {name} in pjsip.conf, then asterisk -rx 'pjsip reload'"
        return Check(f"trunk {name}", ok=False, seen="there is no such PJSIP endpoint", fix=fix)
    ok = state != "UNAVAILABLE"
    fix = "" if ok else f"asterisk -rx 'pjsip show endpoint {name}'"
    return Check(f"trunk {name}", ok=ok, seen=state.lower().replace("_", " "), fix=fix)


async def _sounds(manager: LinkManager, reports: Reports) -> list[Check]:
    """What the dialplan's own report says: a Local channel runs two lines of it, no phone rings."""
    headers = {"Channel": "Local/report@dialer-doctor", "Application": "NoOp", "Async": "true"}
    headers |= {"Account": "dialer", "Timeout": "2000"}
    await manager.ask("Originate", headers)
    try:
        async with asyncio.timeout(REPORT_LIMIT_S):
            report = await reports.get()
    except TimeoutError:
        seen = f"the dialplan's report did not come within {REPORT_LIMIT_S:.0f} s"
        return [Check("sounds", ok=False, seen=seen, fix=f"{_RELOAD_DIALPLAN}; {_RELOAD_MANAGER}")]
    return [
        _sound("message, French", report.get("MessageFr")),
        _sound("message, English", report.get("MessageEn")),
        _sound("agent's tone", report.get("AgentTone")),
    ]


def _sound(name: str, there: str | None) -> Check:
    ok = there == "1"
    return Check(f"sound: {name}", ok=ok, seen="present" if ok else "missing", fix="" if ok else _SOUNDS_FIX)
