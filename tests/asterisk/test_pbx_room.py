"""The PBX room on a real Asterisk: calls of every kind, agents in hold, and every way to lose the link."""

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agi_scripts.route import route_script
from dialer.clock import steady_clock
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import Result
from dialer.pbx.fastagi import FastAgiServer
from dialer.pbx.link import Pbx
from dialer.pbx.settings import AmiSettings

REPO = Path(__file__).parents[2]
sys.path.insert(0, str(REPO / "asterisk" / "testbed"))
from dialer_testbed import Options, Testbed  # noqa: E402
from dialer_testbed.world import scripted  # noqa: E402

pytestmark = [
    pytest.mark.asterisk,
    # The testbed leaves its Asterisk processes running on purpose; Python warns about each.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

LOGIN_PROGRAM = """#!{python}
import sys
sys.path.insert(0, {repo!r})
from agi_scripts.agent_login import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def testbed() -> Iterator[Testbed]:
    """A PBX and a carrier of this module's own, for it kills and freezes them."""
    folder = Path(tempfile.mkdtemp(prefix="pbx-room-"))
    program = folder / "login"
    program.write_text(LOGIN_PROGRAM.format(python=sys.executable, repo=str(REPO)))
    program.chmod(0o755)
    login = f"{program},{folder / 'agents.sock'}"
    with Testbed(folder, Options(agents=5, login_command=login)) as testbed:
        yield testbed
    shutil.rmtree(folder)


@dataclass
class Room:
    """A running ``Pbx``, what it told, and the agent that the dialplan is sent to."""

    testbed: Testbed
    pbx: Pbx = field(init=False)
    events: list[ev.Event] = field(default_factory=list)
    agent_channel: str | None = None
    asked: list[str] = field(default_factory=list)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: ev.Event) -> None:
        self.events.append(event)
        self._heard.set()

    async def route(self, attempt_id: str, _: str | None) -> str | None:
        self.asked.append(attempt_id)
        return self.agent_channel

    async def until(self, condition: Callable[[], object], limit_s: float = 15) -> None:
        async with asyncio.timeout(limit_s):
            while not condition():
                self._heard.clear()
                await self._heard.wait()

    def of(self, key: str) -> list[str]:
        """What was told of one attempt or channel, by the names of the events, in order."""
        return [type(event).__name__ for event in self.events if key in _keys(event)]

    def line(self, channel_id: str) -> list[str]:
        """What was told of an agent's line; that its phone rang and was picked up is no news to the floor."""
        return [name for name in self.of(channel_id) if name not in ("CallRinging", "CallAnswered")]

    async def ended(self, key: str) -> None:
        await self.until(lambda: {"HungUp", "OriginateFailed"} & set(self.of(key)))

    def result(self, key: str) -> Result:
        endings = [e for e in self.events if isinstance(e, ev.HungUp | ev.OriginateFailed) and key in _keys(e)]
        return endings[0].result

    def call(self, attempt_id: str, number: str, *, trunk: str = "carrier", ring_timeout_s: float = 5.0) -> None:
        call = cmd.Originate(
            attempt_id=attempt_id,
            number="+33" + number[1:],
            trunk=trunk,
            caller_id="0199000000",
            ring_timeout_s=ring_timeout_s,
            connect_deadline_s=1.8,
            language="fr",
            message="dialer/safe-harbour",
        )
        self.pbx.carry_out(call)

    async def agent(self, agent_id: str, channel_id: str) -> None:
        """Ring an agent's phone and wait until the line is in hold."""
        self.pbx.carry_out(cmd.CallAgent(agent_id, f"agent-{agent_id}", channel_id, "fr"))
        await self.until(lambda: "BridgeEntered" in self.of(channel_id))
        self.agent_channel = channel_id

    def restored(self) -> list[ev.LinkRestored]:
        return [event for event in self.events if isinstance(event, ev.LinkRestored)]


def _keys(event: ev.Event) -> set[str]:
    return {str(getattr(event, name, "")) for name in ("attempt_id", "channel_id")}


@asynccontextmanager
async def opened(testbed: Testbed, *, fastagi: bool = True, **settings: float) -> AsyncIterator[Room]:
    room = Room(testbed)
    server = FastAgiServer({"route": route_script(room.route)})
    if fastagi:
        await server.start(port=testbed.ports.fastagi)
    ami = AmiSettings(
        "dialer",
        testbed.ami_secret,
        port=testbed.ports.pbx_ami,
        send_attempt_id=True,
        backoff_last_s=0.5,
        **settings,  # type: ignore[arg-type]
    )
    room.pbx = Pbx(ami, room.tell, steady_clock())
    task = asyncio.create_task(room.pbx.run())
    try:
        await room.until(room.restored)
        yield room
    finally:
        await _hang_up_all(room)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.close()


async def eventually(condition: Callable[[], object], limit_s: float = 10) -> None:
    """Look again and again: Asterisk tells nobody when this comes true."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _hang_up_all(room: Room) -> None:
    """Leave an empty PBX to the next test."""
    with room.testbed.pbx_ami() as hand:
        for channel in hand.listed("CoreShowChannels", "CoreShowChannelsComplete"):
            hand.action("Hangup", Channel=channel["Channel"])
        await eventually(lambda: not hand.listed("CoreShowChannels", "CoreShowChannelsComplete"))
        hand.action("DBDelTree", Family="dialer/abandoned")
        hand.action("DBDelTree", Family="dialer/optout")


KINDS = {
    "silent": (["CallRinging", "HungUp"], Result.NO_ANSWER),
    "busy": (["HungUp"], Result.BUSY),
    "rejected": (["CallRinging", "HungUp"], Result.REJECTED),
    "unknown": (["HungUp"], Result.INVALID_NUMBER),
    "congestion": (["HungUp"], Result.CONGESTION),
    "late_congestion": (["CallRinging", "HungUp"], Result.CONGESTION),
}


async def test_every_kind_of_called_person_has_its_result(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        for kind in KINDS:
            room.call(f"kind-{kind}", scripted(kind, ring_s=0.2, talk_s=0.1), ring_timeout_s=1.0)
        for kind, (story, result) in KINDS.items():
            key = f"kind-{kind}"
            await room.ended(key)
            told = [name for name in room.of(key) if name != "OriginateFailed"]
            assert (told, room.result(key)) == (story, result), kind


async def test_a_trunk_that_is_not_there_fails_the_call_without_a_channel(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        room.call("no-trunk", scripted("person"), trunk="nowhere")
        await room.ended("no-trunk")
        assert room.of("no-trunk") == ["OriginateFailed"]
        assert room.result("no-trunk") is Result.FAILED


async def test_an_answered_call_and_a_waiting_agent_meet_and_the_agent_waits_again(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        await room.agent("1001", "agent-1001-a")
        assert room.line("agent-1001-a") == ["AgentArrived", "BridgeEntered"]
        room.call("met-1", scripted("person", ring_s=0.2, talk_s=0.5))
        await room.until(lambda: len(room.line("agent-1001-a")) >= 6)
        await room.ended("met-1")
        assert room.of("met-1") == ["CallRinging", "CallAnswered", "BridgeEntered", "BridgeLeft", "HungUp"]
        agent_story = ["BridgeLeft", "BridgeEntered", "BridgeLeft", "BridgeEntered"]
        assert room.line("agent-1001-a")[2:] == agent_story
        entered = [e for e in room.events if isinstance(e, ev.BridgeEntered)]
        assert [e.holding for e in entered if e.channel_id == "agent-1001-a"] == [True, False, True]
        assert len({e.bridge_id for e in entered if not e.holding}) == 1
        assert room.asked == ["met-1"]


async def test_the_carrier_learns_the_attempts_id(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        room.call("wire-1", scripted("busy", x=7))
        await room.ended("wire-1")
        async with asyncio.timeout(15):  # the carrier writes its record after the end that we hear of
            while "wire-1" not in {row.attempt for row in testbed.carrier_cdr()}:  # noqa: ASYNC110 - another's file
                await asyncio.sleep(0.05)


async def test_a_hang_up_ends_a_ringing_call(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        room.call("cancel-1", scripted("silent"), ring_timeout_s=20)
        await room.until(lambda: "CallRinging" in room.of("cancel-1"))
        room.pbx.carry_out(cmd.HangUp("cancel-1"))
        await room.ended("cancel-1")
        (hung,) = [e for e in room.events if isinstance(e, ev.HungUp)]
        assert hung.cause == 16


async def test_a_prompt_to_a_waiting_agent_ends_in_hold_again(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        await room.agent("1001", "agent-1001-b")
        room.pbx.carry_out(cmd.Say("agent-1001-b", "dialer/agent-paused"))
        await room.until(lambda: room.line("agent-1001-b")[2:] == ["BridgeLeft", "BridgeEntered"])


async def test_a_key_of_a_waiting_agent_is_told(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        await room.agent("1001", "agent-1001-k")
        await asyncio.to_thread(testbed.phones.keys, 1001, "5")
        await room.until(lambda: any(isinstance(e, ev.KeyPressed) for e in room.events))
        (key,) = [e for e in room.events if isinstance(e, ev.KeyPressed)]
        assert (key.channel_id, key.digit) == ("agent-1001-k", "5")


async def test_a_phone_that_does_not_answer_is_a_line_that_is_gone(testbed: Testbed) -> None:
    testbed.phones.answering(1002, "busy")
    async with opened(testbed) as room:
        room.pbx.carry_out(cmd.CallAgent("1002", "agent-1002", "agent-1002-a", "fr"))
        await room.ended("agent-1002-a")
        assert room.result("agent-1002-a") is Result.BUSY
    testbed.phones.answering(1002, "yes")


async def test_the_snapshot_after_a_cut_link_knows_hold_talk_and_ringing(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        await room.agent("1002", "agent-1002-c")
        await room.agent("1001", "agent-1001-c")
        room.call("talk-c", scripted("person", talk_s=30))
        room.call("ring-c", scripted("silent"), ring_timeout_s=30)
        await room.until(lambda: "BridgeEntered" in room.of("talk-c") and "CallRinging" in room.of("ring-c"))
        room.pbx._manager.protocol.transport.abort()  # type: ignore[union-attr]
        await room.until(lambda: len(room.restored()) == 2)
        alive = {channel.channel_id: channel for channel in room.restored()[1].alive}
        assert set(alive) == {"agent-1002-c", "agent-1001-c", "talk-c", "ring-c"}
        assert alive["agent-1002-c"].holding
        assert (alive["agent-1002-c"].agent_id, alive["talk-c"].attempt_id) == ("1002", "talk-c")
        assert not alive["agent-1001-c"].holding
        assert alive["agent-1001-c"].bridge_id == alive["talk-c"].bridge_id != ""
        assert not alive["ring-c"].up
        kinds = [type(e).__name__ for e in room.events]
        assert kinds.index("LinkLost") < len(kinds) - 1 - kinds[::-1].index("LinkRestored")


async def test_without_fastagi_the_message_plays_and_its_note_is_read_and_removed(
    testbed: Testbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.pbx.link._NOTE_GRACE_S", 0.0)
    async with opened(testbed, fastagi=False, ping_interval_s=0.1) as room:
        room.call("alone-1", scripted("person", talk_s=10))
        await room.until(lambda: "CallAnswered" in room.of("alone-1"))
        await asyncio.sleep(0.3)
        room.pbx._manager.protocol.transport.abort()  # type: ignore[union-attr]
        await room.until(lambda: len(room.restored()) == 2)
        restored = room.restored()[1]
        assert restored.abandoned == {"alone-1"}
        assert [c.in_message for c in restored.alive if c.channel_id == "alone-1"] == [True]
        await eventually(lambda: "alone-1" not in testbed.pbx_cli("database show dialer"))


async def test_nine_during_the_message_is_an_opt_out(testbed: Testbed) -> None:
    async with opened(testbed, fastagi=False) as room:
        room.call("nine-1", scripted("presses_9", talk_s=0.5))
        await room.until(lambda: "OptedOut" in room.of("nine-1"))


async def test_a_frozen_asterisk_is_noticed_and_comes_back(testbed: Testbed) -> None:
    async with opened(testbed, ping_interval_s=0.2, ping_timeout_s=0.3) as room:
        testbed.pbx.signal(signal.SIGSTOP)
        try:
            await room.until(lambda: any(isinstance(e, ev.LinkLost) for e in room.events))
            room.call("frozen-1", scripted("busy"))
            await room.until(lambda: room.of("frozen-1") == ["OriginateRefused"])
        finally:
            testbed.pbx.signal(signal.SIGCONT)
        await room.until(lambda: len(room.restored()) >= 2)


async def test_a_wrong_secret_is_a_state_and_no_crash(testbed: Testbed) -> None:
    ami = AmiSettings("dialer", "wrong", port=testbed.ports.pbx_ami, refused_retry_s=0.1)
    pbx = Pbx(ami, lambda _: None, steady_clock())
    task = asyncio.create_task(pbx.run())
    await eventually(lambda: pbx.stats()["logins_refused"] != 0)
    assert pbx.stats()["state"] == "refused"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_agent_logs_in_by_phone_with_id_and_pin(testbed: Testbed) -> None:
    asked: list[bytes] = []

    async def daemon(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b'{"ok": true, "result": {}}\n')
        writer.close()

    server = await asyncio.start_unix_server(daemon, testbed.folder / "agents.sock")
    async with opened(testbed) as room:
        await asyncio.to_thread(testbed.phones.login, 1003, "1003", "4242")
        await room.until(lambda: any(isinstance(e, ev.BridgeEntered) and e.holding for e in room.events), 30)
        (arrived,) = [e for e in room.events if isinstance(e, ev.AgentArrived)]
        assert arrived.agent_id == "1003"
        assert arrived.channel_id.encode() in asked[0]
    server.close()


async def test_a_killed_asterisk_comes_back_empty(testbed: Testbed) -> None:
    async with opened(testbed) as room:
        await room.agent("1001", "agent-1001-d")
        await asyncio.to_thread(testbed.kill_pbx)
        await room.until(lambda: any(isinstance(e, ev.LinkLost) for e in room.events))
        await asyncio.to_thread(testbed.start_pbx)
        await room.until(lambda: len(room.restored()) >= 2, 30)
        assert room.restored()[-1].alive == ()
        room.call("after-1", scripted("busy"))
        await room.ended("after-1")
        assert room.result("after-1") is Result.BUSY
