"""What each field of each message means, for the reference; a test holds the messages to it."""

from collections.abc import Mapping
from typing import Final

from dialer.floor.words import AgentState
from dialer.mqtt.tree import OPEN_STATES
from dialer.rules.abandonment import WINDOWS

Fields = Mapping[str, str]

COMMON: Final[Fields] = {
    "schema": "version of the message, a whole number; a field may be added without a new one",
    "ts": "when it was so, UTC: `2026-11-22T10:05:00.000Z`",
    "instance": "name of this dialer",
}
CAMPAIGN: Final[Fields] = {
    "campaign_id": "id of the campaign",
    "state": "`stopped`, `running`, `paused`, `finished`",
    "reason": "why, where a person or the dialer said so",
    "agents": "agents of the campaign, offline ones too",
    **{f"agents_{state}": f"agents who are {state.replace('_', '-')}" for state in AgentState},
    "calls": "calls that have not ended",
    **{f"calls_{state}": f"calls that are {state}" for state in OPEN_STATES},
    "policy": "pacing policy",
    "dial_ratio": "calls not yet with an agent, for each agent at work",
    "dial_reason": "what bound the last decision; `dialer pacing explain` says it in a sentence",
    "attempts_today": "calls made today",
    "connected_today": "people brought to an agent in time today",
    "abandoned_today": "people who answered and met nobody in time today",
    "pick_up_rate": "answered by a person / calls made, today",
    "pick_up_rate_recent": "the same over the last minutes ([alerts] window_s)",
    "abandonment_limit": "the legal limit as a share (0.03)",
    "abandonment_level": "`free`, `throttle`, `one_to_one`, `over_limit`: the worst window that holds",
    "budget_left": "abandoned calls that may still come, in the window that has the fewest",
    **{f"abandonment_{window}": f"abandonment rate as a share, window `{window}`" for window in WINDOWS},
    **{f"budget_left_{window}": f"abandoned calls that may still come, window `{window}`" for window in WINDOWS},
    "occupancy": "(talking + wrap-up) / (logged in - paused) over the last five minutes",
    "mean_wait_s": "mean time from answer to agent over the last minutes",
    "mean_idle_s": "mean time that an agent waited for a call over the last minutes",
    "leads_left": "leads that are not finished",
    "leads_callable": "leads that may be chosen now (at most about 20,000 are counted)",
    "leads_run_out_at": "when these are used up at the pace of the last minutes, to the minute",
}
AGENT: Final[Fields] = {
    "agent_id": "id of the agent",
    "campaign_id": "whose calls come to the agent",
    "state": ", ".join(f"`{state}`" for state in AgentState),
    "since": "when this state began",
    "reason": "of a pause",
    "attempt_id": "the call in hand, `null` without one",
}
TRUNK: Final[Fields] = {
    "trunk_id": "PJSIP endpoint of the carrier",
    "state": "`avoided` while no call but one that tries it goes over it, `failing` while only the alert trunk_failing"
    " stands, else `ok`",
    "avoided_since": "when that began, `null` while it is used",
    "instead": "what carries its calls while it is avoided; `null`: nothing does",
    "calls": "calls that ended in the last minutes, at most the last 500",
    "congested": "of these, by congestion",
    "failed": "of these, by failure (busy and refused calls are no failures)",
    "failure_rate": "(congested + failed) / calls",
    "post_dial_delay_p90_s": "time from dialing to ringing that one call in ten exceeds",
}
PBX: Final[Fields] = {
    "state": "`up` or `down`: the link to Asterisk's manager",
    "since": "when this state began",
    "why": "what keeps it down",
    "asterisk": "version",
    "fastagi": "`up`, or `down` after an answered call did not reach the daemon",
    "draining": "`true` while the daemon waits for talks to end before it stops",
}
ALERTS: Final[Fields] = {
    "standing": "alerts that stand, silenced ones not counted",
    "info": "of these, to be looked at when there is time",
    "warning": "of these, to be looked at soon",
    "critical": "of these, to be looked at now",
    "worst": "kind of the most severe one",
    "worst_alert_id": "its id",
}
ALERT: Final[Fields] = {
    "alert_id": "the same from raising to resolution; a message may come twice, so compare it with `state`",
    "kind": "see below",
    "state": "`raised`, `changed` (another severity), `acknowledged`, `resolved`",
    "severity": "`info`, `warning`, `critical`",
    "campaign_id": "`null` for the system",
    "subject": "the trunk, agent, window or certificate that is meant; may be empty",
    "since": "when the bound was crossed",
    "resolved_at": "`null` until then",
    "value": "what was measured",
    "threshold": "the bound that it crossed",
    "unit": "of both",
    "cause": "what is the matter, in [alerts] language",
    "hint": "what to do",
    "acknowledged_by": "who looks after it; empty: nobody yet",
}
STEP: Final[Fields] = {
    "attempt_id": "id of the call, Asterisk's channel id too",
    "campaign_id": "id of the campaign",
    "state": "as in the topic",
    "at": "when",
    "agent_id": "the agent, `null` before there is one",
    "reason": "why",
}
END: Final[Fields] = {
    **{name: meaning for name, meaning in STEP.items() if name != "reason"},
    "number": "the called number, masked",
    "result": "`answered`, `no_answer`, `busy`, ...; see the outcomes' columns",
    "answered_by": "`person`, `machine`, `unsure`",
    "abandoned": "met nobody in time",
    "disposition": "what the agent said came of it; the message comes again when it follows later",
    "cause": "Q.850 hang-up cause",
    "ringing_at": "when",
    "answered_at": "when",
    "connected_at": "when an agent was there",
}
REPLY: Final[Fields] = {
    "id": "the command's own",
    "command": "its verb",
    "result": "`done`, or an error's code: `not_allowed`, `stale`, `bad_request`, `not_found`, `refused`, ...;"
    " `overdue`: it goes on, and another reply of this `id` says how it ended",
    "message": "what was wrong",
}
MESSAGE: Final[Fields] = {"agent_id": "who shall read it", "by": "who wrote it", "text": "one line"}
