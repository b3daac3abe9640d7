"""What `testbed.py check` looks at: each part of a running testbed, with what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from .ami import Ami
from .errors import TestbedError
from .instance import Instance
from .world import scripted

if TYPE_CHECKING:
    from .testbed import Testbed

CALL_LIMIT_S = 5.0
BUSY = "17"
CONTEXTS = ("dialer-version", "dialer-answer", "dialer-message", "dialer-agent", "dialer-agent-login")


def run(testbed: Testbed) -> list[tuple[str, str]]:
    """Every part with its fault; later parts are left out when Asterisk does not run."""
    results = []
    for part, check in _parts(testbed):
        fault = _fault_of(check)
        results.append((part, fault))
        if fault and part.startswith("Asterisk"):
            break
    return results


def _parts(testbed: Testbed) -> Iterator[tuple[str, Callable[[], str]]]:
    for instance in (testbed.carrier, testbed.pbx):
        yield f"Asterisk {instance.name}", partial(_process, instance)
    yield "manager user dialer", partial(_login, testbed)
    yield "dialplan", partial(_dialplan, testbed)
    yield "a call through the trunk", partial(_call, testbed)


def _fault_of(check: Callable[[], str]) -> str:
    try:
        return check()
    except (OSError, TestbedError) as error:
        return str(error)


def _process(instance: Instance) -> str:
    return "" if instance.pid() else f"does not run: see {instance.log}"


def _login(testbed: Testbed) -> str:
    testbed.pbx_ami("dialer").close()
    return ""


def _dialplan(testbed: Testbed) -> str:
    missing = [name for name in CONTEXTS if "There is no" in testbed.pbx_cli(f"dialplan show {name}")]
    return f"contexts missing: {', '.join(missing)}" if missing else ""


def _call(testbed: Testbed) -> str:
    with testbed.pbx_ami() as ami:
        cause = _cause_of(ami, f"PJSIP/{scripted('busy')}@{testbed.trunk}")
    return "" if cause == BUSY else f"a busy number ends with cause {cause}, not {BUSY}"


def _cause_of(ami: Ami, channel: str) -> str:
    """Originate and wait for the end: the ``Cause`` of its Hangup."""
    call = f"check-{uuid4()}"
    ami.send(
        "Originate",
        Channel=channel,
        ChannelId=call,
        Context="dialer-version",
        Exten="v1",
        Priority="1",
        Timeout="3000",
        Async="true",
    )
    ended = ami.wait(lambda m: m.get("Event") == "Hangup" and m["Uniqueid"] == call, CALL_LIMIT_S)
    return ended["Cause"]
