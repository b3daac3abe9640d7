"""A real mosquitto for one test: on a port of its own, with TLS, users and an ACL where they are wanted."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiomqtt
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

START_LIMIT_S = 10.0


def free_port() -> int:
    """A TCP port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """Where mosquitto's programs are; the test is skipped where they are not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install mosquitto")
    return found


@dataclass
class Broker:
    """``users``: name and password; with any, nobody else gets in. ``acl`` is an ACL file's text.

    ``shipped`` is a mosquitto.conf's text to be held to; its port and its files' paths are put right.
    ``lasting``: it keeps retained messages and subscriptions on the disk, over ``kill -9`` too.
    """

    folder: Path
    users: Mapping[str, str] = field(default_factory=dict)
    acl: str = ""
    tls: bool = False
    port: int = 0
    lasting: bool = False
    shipped: str = ""
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.port = self.port or free_port()
        self._write()

    @property
    def ca(self) -> Path:
        """The certificate authority of the broker's certificate."""
        return self.folder / "ca.pem"

    def _write(self) -> None:
        lines = ["user root", "log_dest stderr"]
        lines.append(f"persistence {str(self.lasting).lower()}")
        if self.lasting:
            lines += [f"persistence_location {self.folder}/", "autosave_interval 1"]
            lines.append("max_queued_messages 10000")
        if self.users:
            self._passwords.write_text("".join(f"{name}:{password}\n" for name, password in self.users.items()))
            subprocess.run([program("mosquitto_passwd"), "-U", str(self._passwords)], check=True)
        if self.acl:
            self._acl.write_text(self.acl)
        lines += [self._in_place(self.shipped)] if self.shipped else self._own_listener()
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    @property
    def _passwords(self) -> Path:
        return self.folder / "passwords"

    @property
    def _acl(self) -> Path:
        return self.folder / "acl"

    def _in_place(self, shipped: str) -> str:
        port = {"listener 1883 127.0.0.1": f"listener {self.port} 127.0.0.1"}
        files = {"/etc/mosquitto/passwords": str(self._passwords), "/etc/mosquitto/dialer.acl": str(self._acl)}
        for there, here in (port | files).items():
            assert there in shipped, f"the shipped file does not say {there}"
            shipped = shipped.replace(there, here)
        return shipped

    def _own_listener(self) -> list[str]:
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {'false' if self.users else 'true'}"]
        if self.users:
            lines.append(f"password_file {self._passwords}")
        if self.acl:
            lines.append(f"acl_file {self._acl}")
        if self.tls:
            self._make_certificates()
            lines += [f"certfile {self.folder / 'broker.pem'}", f"keyfile {self.folder / 'broker.key'}"]
        return lines

    def _make_certificates(self, days: int = 10) -> None:
        """A certificate authority, and the broker's certificate for 127.0.0.1 signed by it."""
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        ca = ["-days", str(days), "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem"]
        self._openssl(*new, *ca, "-addext", "keyUsage=critical,keyCertSign")
        own = ["-days", str(days), "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.pem"]
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"]
        self._openssl(*new, *own, *signed, "-addext", "subjectAltName=IP:127.0.0.1")

    def _openssl(self, *command: str) -> None:
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Run, or run again on the same port; returns when it takes connections."""
        output = (self.folder / "mosquitto.log").open("ab")
        command = [program("mosquitto"), "-c", str(self.folder / "mosquitto.conf")]
        self._process = subprocess.Popen(command, stderr=output, stdout=output)
        output.close()
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, (self.folder / "mosquitto.log").read_text()
                assert time.monotonic() < deadline, "mosquitto does not answer"
                time.sleep(0.02)
            else:
                return self

    def keeps(self, words: bytes) -> bool:
        """Whether a broker that lasts has this on the disk."""
        kept = self.folder / "mosquitto.db"
        return kept.exists() and words in kept.read_bytes()

    def stop(self) -> None:
        """Kill it, frozen or not; what it retained is gone unless it lasts."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections and takes new ones, and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass
class Ears:
    """A subscriber; ``heard`` holds (topic, payload, retained) in order."""

    client: aiomqtt.Client
    heard: list[tuple[str, str, bool]] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """For ever."""
        async for message in self.client.messages:
            payload = message.payload
            text = payload.decode() if isinstance(payload, bytes) else ""
            self.heard.append((str(message.topic), text, bool(message.retain)))
            self._more.set()

    async def until(self, topic: str, *words: str, limit_s: float = 20) -> str:
        """Wait for a message on a topic that ends so and has these words in it; its payload."""
        async with asyncio.timeout(limit_s):
            while True:
                for heard, payload, _ in self.heard:
                    if heard.endswith(topic) and all(word in payload for word in words):
                        return payload
                self._more.clear()
                await self._more.wait()

    def last(self, topic: str) -> str:
        """The last payload of a topic that ends so; empty when there was none."""
        return next((payload for heard, payload, _ in reversed(self.heard) if heard.endswith(topic)), "")


@asynccontextmanager
async def ears(
    broker: Broker, topic: str = "#", user: str | None = None, password: str | None = None
) -> AsyncIterator[Ears]:
    """Subscribe to a topic at the broker."""
    tls = aiomqtt.TLSParameters(ca_certs=str(broker.ca)) if broker.tls else None
    async with aiomqtt.Client("127.0.0.1", broker.port, username=user, password=password, tls_params=tls) as client:
        await client.subscribe(topic, qos=1)
        subscriber = Ears(client)
        task = asyncio.create_task(subscriber.listen())
        try:
            yield subscriber
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


Heard = tuple[float, str, Any]  # when it came, topic below the root, message


class Supervisor:
    """Listens in a thread of its own to everything that an instance called ``dialer`` tells."""

    def __init__(self, port: int) -> None:
        self.heard: list[Heard] = []
        self._came = threading.Condition()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("dialer/dialer/#", qos=1)
        self._client.loop_start()

    def _take(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        text = message.payload.decode()
        with self._came:
            told = json.loads(text) if text.startswith("{") else text
            self.heard.append((time.time(), message.topic.removeprefix("dialer/dialer/"), told))
            self._came.notify_all()

    def until(self, topic: str, limit_s: float = 60, **wanted: object) -> Heard:
        """The first message on a topic in which these fields have these values; waits for it."""

        def found() -> Heard | None:
            for heard in self.heard:
                _, where, told = heard
                if where == topic and isinstance(told, dict) and wanted.items() <= told.items():
                    return heard
            return None

        with self._came:
            assert self._came.wait_for(lambda: found() is not None, limit_s), f"{topic} {wanted}: {self.heard[-5:]}"
            heard = found()
        assert heard is not None
        return heard

    def forget(self) -> None:
        """What was heard so far is of no interest any more."""
        with self._came:
            self.heard.clear()

    def close(self) -> None:
        """Hear no more."""
        self._client.disconnect()
        self._client.loop_stop()
