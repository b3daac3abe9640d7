"""What Home Assistant is told."""

import json

from dialer.mqtt.discovery import SENSORS, announcements
from dialer.mqtt.outbox import Outbox


def test_each_campaign_is_a_device_whose_numbers_are_leaves_of_the_tree() -> None:
    told = announcements("homeassistant", "dialer/floor1/", ["c1", "c2"])
    assert len(told) == 2 * len(SENSORS)
    sensor = json.loads(told["homeassistant/sensor/dialer_floor1_c1/agents_ready/config"])
    assert sensor["state_topic"] == "dialer/floor1/campaign/c1/agents_ready"
    assert (sensor["availability_topic"], sensor["payload_not_available"]) == ("dialer/floor1/status", "offline")
    assert len({json.loads(payload)["unique_id"] for payload in told.values()}) == len(told)


async def test_a_campaign_that_is_gone_is_taken_back() -> None:
    outbox = Outbox("dialer/floor1/")
    outbox.tell_states({}, 0.0, announcements("homeassistant", outbox.root, ["c1"]))
    assert len(await outbox.next_states()) == len(SENSORS)
    outbox.tell_states({}, 1.0, {})
    assert {message.payload for message in await outbox.next_states()} == {b""}
