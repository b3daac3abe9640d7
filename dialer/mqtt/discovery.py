"""Home Assistant's discovery: each campaign a device with a few numbers, there by itself and gone with the campaign."""

import json
from collections.abc import Iterable
from typing import Any, Final

from dialer.mqtt.tree import OFFLINE, ONLINE

BIRTH: Final = "status"  # below the discovery's prefix: Home Assistant says "online" when it has started
# Leaf, name, unit, and the icon that people know.
SENSORS: Final = (
    ("agents_ready", "Agents ready", "agents", "mdi:headset"),
    ("agents_talking", "Agents talking", "agents", "mdi:account-voice"),
    ("calls_ringing", "Calls ringing", "calls", "mdi:phone-ring"),
    ("budget_left", "Abandoned calls left", "calls", "mdi:phone-missed"),
    ("leads_left", "Leads left", "leads", "mdi:format-list-numbered"),
)


def announcements(prefix: str, root: str, campaigns: Iterable[str]) -> dict[str, bytes]:
    """By full topic, what Home Assistant must be told; retained, and to be cleared when a campaign is gone."""
    instance = root.strip("/").rsplit("/", 1)[-1]
    return {
        f"{prefix}/sensor/dialer_{instance}_{campaign}/{leaf}/config": json.dumps(
            {
                "name": name,
                "unique_id": f"dialer_{instance}_{campaign}_{leaf}",
                "state_topic": f"{root}campaign/{campaign}/{leaf}",
                "unit_of_measurement": unit,
                "icon": icon,
                **_common(root, f"dialer_{instance}_{campaign}", campaign),
            }
        ).encode()
        for campaign in campaigns
        for leaf, name, unit, icon in SENSORS
    }


def _common(root: str, device: str, campaign: str) -> dict[str, Any]:
    return {
        "state_class": "measurement",
        "availability_topic": f"{root}status",
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "device": {"identifiers": [device], "name": f"Dialer {campaign}", "manufacturer": "dialerd"},
    }
