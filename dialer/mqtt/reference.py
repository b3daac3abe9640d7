"""Writes docs/reference/mqtt.md: ``python -m dialer.mqtt.reference``."""

from pathlib import Path
from typing import Final

from dialer.alerts.kinds import KINDS
from dialer.mqtt import fields as f
from dialer.mqtt.commands import VERBS

_TOP: Final = """\
# MQTT reference

With `[mqtt] enabled = true` the daemon tells the floor's state and its alerts to a broker, in MQTT 3.1.1. Every topic
begins with `dialer/INSTANCE/` (`[mqtt] prefix` and `[daemon] instance`). A message is one flat JSON object; `status`
and the numbers are plain text. Numbers of called people are never told, or only masked.

* **State is retained** and told when it changes, gathered over `[mqtt] every_s`: of a campaign, agent or trunk that is
  gone the topics are cleared. QoS 0.
* **Alerts are not retained**, QoS 1, in order. While the broker is away up to 2,000 wait; beyond that the oldest go.
  Who comes later reads `alerts/state`, or asks `dialer alerts list`.
* `status` is `online`; the broker says `offline` as soon as the daemon is gone (last will).
* The broker may be down, slow or frozen: calls do not notice.

The shipped `mqtt/dialer.acl` and `mqtt/mosquitto.conf` let the daemon write and wallboards read;
`mqtt/node-red-flow.json` shows state and alerts in Node-RED. docs/how-to/alerts.md tells how to set it up.

<!-- Written by `python -m dialer.mqtt.reference`; do not edit. -->
"""
_STATES: Final = (
    ("campaign/ID/state", "a campaign", f.CAMPAIGN),
    ("agent/ID/state", "an agent", f.AGENT),
    ("trunk/ID/state", "a trunk that had calls in the last minutes, or is avoided", f.TRUNK),
    ("pbx/state", "the link to Asterisk", f.PBX),
    ("alerts/state", "the alerts that stand", f.ALERTS),
)
_EVENTS: Final = (
    ("alert/CAMPAIGN/KIND, alert/system/KIND", "an alert is raised, changes, is taken on, is resolved", f.ALERT),
    ("attempt/CAMPAIGN/STATE", "a step of a call, with `[mqtt] attempts = true`", f.STEP),
    ("attempt/CAMPAIGN/ended", "a call has ended, with `[mqtt] attempts = true`", f.END),
    ("reply/USER", "what came of a command", f.REPLY),
    ("agent/ID/message", "a line for an agent's screen", f.MESSAGE),
)
_COMMANDS: Final = """
## Commands

Off unless `[mqtt] commands` names users and what each may do. `cmd/USER/VERB` takes one JSON object with `id` (chosen
by the sender, new for each command), `ts` (now, ISO 8601 with offset or seconds since the epoch) and, if wanted,
`expires_at`. MQTT does not say who sent a message: **the broker's ACL must let each user write below `cmd/` under the
own name only**, as the shipped one does (`pattern write dialer/INSTANCE/cmd/%u/+`).

Never carried out, and answered with `stale`: retained commands, those whose `ts` is further from the daemon's clock
than `[mqtt] command_age_s`, expired ones, and an `id` that came before. Lists and objects in a command are refused.
Every command is on record in `command_audit` with user, parameters and result before it is answered (`dialer trail`);
campaigns moved by one say `by USER over MQTT` as their reason.

Commands are carried out one after the other. One that takes longer than 15 s is answered with `overdue`, goes on, and
is answered again at its end; what came behind it is `stale` by then unless sent anew.

| verb | what it does |
|---|---|
"""


def _table(fields: f.Fields) -> str:
    rows = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in fields.items())
    return f"\n| field | meaning |\n|---|---|\n{rows}"


def render() -> str:
    """The whole page."""
    parts = [_TOP, "\n## Every message\n", _table(f.COMMON), "\n## Retained\n\n### status\n\n`online` or `offline`.\n"]
    for topic, what, fields in _STATES:
        parts += [f"\n### {topic}\n\n{what[0].upper()}{what[1:]}.\n", _table(fields)]
        if fields is f.CAMPAIGN:
            parts.append("\nEvery number is also told alone, as text: `campaign/ID/agents_ready`, for one.\n")
    parts.append("\n## Not retained\n")
    for topic, what, fields in _EVENTS:
        parts += [f"\n### {topic}\n\n{what[0].upper()}{what[1:]}.\n", _table(fields)]
    parts += [_COMMANDS, *(f"| `{verb}` | {meaning} |\n" for verb, meaning in VERBS.items())]
    kinds = sorted(KINDS.values(), key=lambda kind: kind.rule.__module__)  # in whatever order they were imported
    parts.append("\n## Kinds of alerts\n\n| kind | unit | raised when |\n|---|---|---|\n")
    parts += [f"| `{kind.name}` | {kind.unit} | {kind.meaning} |\n" for kind in kinds]
    return "".join(parts)


if __name__ == "__main__":
    Path("docs/reference/mqtt.md").write_text(render(), encoding="utf-8")
