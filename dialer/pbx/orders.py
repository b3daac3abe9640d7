"""Floor commands to AMI actions: every value is checked here, before anything is written."""

from collections.abc import Mapping
from typing import NamedTuple

from dialer.floor.commands import AskDisposition, CallAgent, HangUp, Originate, Say
from dialer.pbx import wire
from dialer.pbx.settings import AmiSettings, DialFormat
from dialer.pbx.translate import AGENT_ACTION, CALL_ACTION

NORMAL_CLEARING = "16"
ACCOUNT = "dialer"  # the event filter of manager_dialer.conf lets through channels of this account code alone
SOUNDS_FOLDER = "dialer/"


class Order(NamedTuple):
    """An action's name and headers."""

    name: str
    headers: Mapping[str, str | list[str]]


def dial_string(number: str, how: DialFormat) -> str:
    """What is dialed for an E.164 number. Raises UnsafeValueError when the result is not digits.

    >>> dial_string("+33612345678", DialFormat(prefix="00"))
    '0033612345678'
    >>> dial_string("+33612345678", DialFormat(country_code="33"))
    '0612345678'
    """
    digits = wire.dial_digits(number).removeprefix("+")
    home = how.country_code
    if home and digits.startswith(home):
        return wire.dial_digits(how.national_prefix + digits[len(home) :])
    return wire.dial_digits(how.prefix + digits)


def originate(command: Originate, settings: AmiSettings) -> Order:
    """Dial one attempt; the answered call runs ``dialer-answer``."""
    attempt_id = wire.channel_id(command.attempt_id)
    number = dial_string(command.number, settings.dial_format)
    return Order(
        "Originate",
        {
            "ActionID": CALL_ACTION + attempt_id,
            "Channel": f"PJSIP/{number}@{wire.name(command.trunk)}",
            "ChannelId": attempt_id,
            "Context": "dialer-answer",
            "Exten": "s",
            "Priority": "1",
            "Timeout": _ms(command.ring_timeout_s),
            "CallerID": wire.dial_digits(command.caller_id),
            "Account": ACCOUNT,
            "Async": "true",
            "Variable": _call_variables(command, settings),
        },
    )


def _call_variables(command: Originate, settings: AmiSettings) -> list[str]:
    variables = [
        wire.variable("DIALER_ATTEMPT", command.attempt_id),
        wire.variable("DIALER_MESSAGE", wire.sound(command.message)),
        wire.variable("DIALER_LANGUAGE", wire.name(command.language)),
        wire.variable("DIALER_CONNECT_S", f"{command.connect_deadline_s:.3f}"),
    ]
    if settings.send_attempt_id:
        # Not PreDialGoSub: Asterisk 22.10 runs none for a manager's Originate.
        variables.append(wire.variable("PJSIP_HEADER(add,X-Dialer-Attempt)", command.attempt_id))
    return variables


def call_agent(command: CallAgent, settings: AmiSettings) -> Order:
    """Ring an agent's phone; when it answers it runs ``dialer-agent``."""
    channel_id, agent_id = wire.channel_id(command.channel_id), wire.name(command.agent_id)
    return Order(
        "Originate",
        {
            "ActionID": AGENT_ACTION + channel_id,
            "Channel": settings.agent_dial_format.format(phone=wire.name(command.phone)),
            "ChannelId": channel_id,
            "Context": "dialer-agent",
            "Exten": "s",
            "Priority": "1",
            "Timeout": _ms(command.ring_timeout_s),
            "Account": ACCOUNT,
            "Async": "true",
            "Variable": [
                wire.variable("DIALER_AGENT", agent_id),
                wire.variable("CHANNEL(language)", wire.name(command.language)),
            ],
        },
    )


def hang_up(command: HangUp) -> Order:
    """End a channel. Asterisk takes a channel's id wherever it takes its name."""
    return Order("Hangup", {"Channel": wire.channel_id(command.channel_id), "Cause": NORMAL_CLEARING})


def say(command: Say) -> Order:
    """Send an idle agent's channel to play one of our own sounds, ``dialer/<name>``; it goes back to hold by itself."""
    sound = wire.name(wire.sound(command.sound).removeprefix(SOUNDS_FOLDER))
    channel = wire.channel_id(command.channel_id)
    return Order("Redirect", {"Channel": channel, "Context": "dialer-agent-say", "Exten": sound, "Priority": "1"})


def ask_disposition(command: AskDisposition) -> Order:
    """Have ``dialer-agent`` run the disposition program when the agent's channel comes back from this talk."""
    channel = wire.channel_id(command.channel_id)
    return Order("Setvar", {"Channel": channel, "Variable": "DIALER_DISPOSITION", "Value": "1"})


def forget_note(attempt_id: str) -> Order:
    """Have the dialplan delete its notes about an attempt: our manager user may not write to the database."""
    return _run(f"{wire.channel_id(attempt_id)}@dialer-note-read")


def try_route() -> Order:
    """Have the dialplan reach for us as it does for an answered call."""
    return _run("route@dialer-try")


def _run(extension: str) -> Order:
    """Run a part of the dialplan that no call is in."""
    return Order(
        "Originate",
        {
            "Channel": f"Local/{extension}",
            "Context": "dialer-version",
            "Exten": "v1",
            "Priority": "1",
            "Timeout": "5000",
            "Async": "true",
        },
    )


def _ms(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
