"""The agents' phones: endpoints of the carrier's Asterisk that call the PBX and are called by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .ami import Ami, Message
from .errors import TestbedError

KEY_GAP_S = 0.06  # a finger's: keys without a gap run together
ANSWERING = ("yes", "no", "busy", "away")


class Phones:
    """Every phone of a testbed, by agent id (1001). A phone has one line."""

    def __init__(self, connect: Callable[[], Ami], heard: Path, login_number: str) -> None:
        self._connect = connect
        self._heard = heard
        self._login_number = login_number

    def login(self, agent_id: int, login: str, pin: str, *, wait_s: float = 0.5) -> None:
        """Dial the PBX's login number and, each after ``wait_s``, type ``login#`` and ``pin#``.

        Returns as soon as the phone dials.
        """
        typed = {"PHONE_ID": login, "PHONE_PIN": pin, "PHONE_WAIT_S": str(wait_s)}
        self._dial(agent_id, "phone-login", typed)

    def dial(self, agent_id: int) -> None:
        """Dial the PBX's login number and type nothing."""
        self._dial(agent_id, "phone-line", {})

    def _dial(self, agent_id: int, context: str, variables: dict[str, str]) -> None:
        with self._connect() as ami:
            answer = ami.action(
                "Originate",
                variables,
                Channel=f"PJSIP/{self._login_number}@agent-{agent_id}",
                Context=context,
                Exten="s",
                Priority="1",
                Account=f"agent-{agent_id}",
                Async="true",
            )
        if answer["Response"] != "Success":
            raise TestbedError(f"Phone {agent_id} cannot dial: {answer.get('Message')}")

    def keys(self, agent_id: int, digits: str) -> None:
        """Press keys on the phone's line."""
        with self._connect() as ami:
            channel = self._line(ami, agent_id)
            for digit in digits:
                ami.action("PlayDTMF", Channel=channel, Digit=digit, Duration="100")
                time.sleep(KEY_GAP_S)

    def hang_up(self, agent_id: int) -> None:
        """Put the receiver down."""
        with self._connect() as ami:
            ami.action("Hangup", Channel=self._line(ami, agent_id), Cause="16")

    def answering(self, agent_id: int, how: str = "yes") -> None:
        """What the phone does when the PBX calls it: ``yes``, ``no`` (rings on), ``busy``, ``away``."""
        if how not in ANSWERING:
            raise TestbedError(f"A phone answers {', '.join(ANSWERING)}; not {how}.")
        with self._connect() as ami:
            ami.action("DBPut", Family="phone", Key=f"agent-{agent_id}", Val=how)

    def on_line(self) -> list[int]:
        """The agent ids of the phones that are on the line now."""
        with self._connect() as ami:
            accounts = {channel["AccountCode"] for channel in _channels(ami)}
        return sorted(int(a.removeprefix("agent-")) for a in accounts if a.startswith("agent-"))

    def _line(self, ami: Ami, agent_id: int) -> str:
        for channel in _channels(ami):
            if channel["AccountCode"] == f"agent-{agent_id}":
                return channel["Channel"]
        raise TestbedError(f"Phone {agent_id} is not on the line.")


def _channels(ami: Ami) -> list[Message]:
    return ami.listed("CoreShowChannels", "CoreShowChannelsComplete")
