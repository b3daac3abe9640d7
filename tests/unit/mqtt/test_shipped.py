"""The shipped files: the flow's functions run on real messages, the broker's files name real topics."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dialer.mqtt import fields as f

MQTT = Path(__file__).resolve().parents[3] / "mqtt"


def flow() -> dict[str, Any]:
    return {node["id"]: node for node in json.loads((MQTT / "node-red-flow.json").read_text(encoding="utf-8"))}


def run(function: str, messages: list[dict[str, Any]]) -> list[Any]:
    """What a function node makes of these payloads, one after the other, in a real JavaScript."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = f"""
        const kept = {{}};
        const context = {{get: (name) => kept[name], set: (name, value) => {{ kept[name] = value; }}}};
        const work = (msg) => {{ {function} }};
        const told = {json.dumps(messages)}.map((payload) => work({{payload}}));
        console.log(JSON.stringify(told.map((message) => message && message.payload)));
    """
    return list(json.loads(subprocess.run([node, "-e", script], capture_output=True, check=True, timeout=30).stdout))


def test_every_wire_of_the_flow_leads_somewhere() -> None:
    nodes = flow()
    for node in nodes.values():
        assert all(end in nodes for wire in node.get("wires", []) for end in wire)
        assert node.get("broker", "dialerbroker") in (*nodes, "127.0.0.1")


def test_a_campaign_is_one_line_and_a_cleared_one_is_passed_over() -> None:
    state = dict.fromkeys(f.CAMPAIGN, 1) | {"campaign_id": "summer"}
    told, cleared = run(flow()["dialershort"]["func"], [state, {}])
    assert told == "summer: 1 ready, 1 talking, 1 ringing, 1 abandons left"
    assert cleared is None


def test_an_alert_that_comes_twice_is_told_once_and_its_resolution_too() -> None:
    alert = dict.fromkeys(f.ALERT, "x") | {"alert_id": "a1", "state": "raised", "severity": "warning", "cause": "Why."}
    told = run(flow()["dialeronce"]["func"], [alert, alert, {**alert, "state": "resolved"}, alert])
    assert told == ["warning raised: Why. x", None, "warning resolved: Why.", "warning raised: Why. x"]


def test_the_flow_uses_fields_that_there_are() -> None:
    assert set(re.findall(r"\bc\.(\w+)", flow()["dialershort"]["func"])) <= set(f.CAMPAIGN)
    assert set(re.findall(r"\ba\.(\w+)", flow()["dialeronce"]["func"])) <= set(f.ALERT)
