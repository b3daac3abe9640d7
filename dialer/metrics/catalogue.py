"""Every metric by name. ``docs/reference/metrics.md`` is written from this table; nothing else is ever exposed.

Labels are bounded: campaigns to ``MOST_CAMPAIGNS``, trunks to ``MOST_TRUNKS``, everything else to the words of the
trade. No label names an agent, a lead or a number.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["gauge", "counter", "histogram"]

MOST_CAMPAIGNS: Final = 100
MOST_TRUNKS: Final = 100


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Counters end in ``_total``, count from the daemon's start and never go back."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


_CAMPAIGN = ("campaign",)

CATALOGUE: Final = (
    Metric("dialer_build_info", "gauge", ("version", "python", "sqlite"), "1; what runs is in the labels."),
    Metric("dialer_start_time_seconds", "gauge", (), "When the daemon started, seconds since the epoch."),
    Metric("dialer_draining", "gauge", (), "1 while the daemon stops: no new calls, talks end."),
    Metric("dialer_dial_cycles_total", "counter", (),
           "Turns of the dial loop; standing still means that nothing is dialed."),
    Metric("dialer_loop_lag_seconds", "histogram", (),
           "How late the event loop wakes a task, looked at ten times a second."),
    Metric("dialer_tasks", "gauge", (), "Tasks of the event loop; a number that only grows is a fault."),
    Metric("dialer_last_backup_timestamp_seconds", "gauge", (),
           "When the newest backup was made; none while there is none."),
    Metric("dialer_ami_up", "gauge", (), "1 while Asterisk is reached over AMI."),
    Metric("dialer_ami_backlog_messages", "gauge", (), "Messages of Asterisk that were read and not yet handled."),
    Metric("dialer_ami_ping_seconds", "gauge", (), "How long the last sign of life took."),
    Metric("dialer_ami_link_losses_total", "counter", (), "How often a link that was up was lost."),
    Metric("dialer_ami_events_total", "counter", (), "Events read from Asterisk."),
    Metric("dialer_ami_event_failures_total", "counter", (),
           "Events at which the program failed; each is in the journal."),
    Metric("dialer_originates_total", "counter", (), "Calls that Asterisk was asked to make."),
    Metric("dialer_originates_refused_total", "counter", (),
           "Calls that were not sent, or that Asterisk refused to make."),
    Metric("dialer_fastagi_up", "gauge", (), "1 while answered calls reach the daemon, as far as it knows."),
    Metric("dialer_fastagi_runs_total", "counter", (), "Questions of the dialplan."),
    Metric("dialer_fastagi_failures_total", "counter", ("kind",),
           "Questions that failed: refused, gone, timeouts, failures."),
    Metric("dialer_trunk_avoided", "gauge", ("trunk",),
           "1 while a trunk that failed calls in a row is only tried, else 0; of trunks that were dialed over."),
    Metric("dialer_mqtt_up", "gauge", (), "1 while the broker takes what is told; none where [mqtt] is off."),
    Metric("dialer_mqtt_dropped_total", "counter", ("queue",),
           "Messages that were given up, for too many waited for the broker: alerts, or events (steps of calls, "
           "replies). States are never dropped, the latest waits."),
    Metric("dialer_store_up", "gauge", (),
           "1 while the store takes what is written; nothing is dialed while it is 0."),
    Metric("dialer_store_commit_seconds", "histogram", (), "Commits of the store, each of a group of units of work."),
    Metric("dialer_store_records_waiting", "gauge", (), "Records of the floor that are not yet on the disk."),
    Metric("dialer_store_records_lost_total", "counter", ("why",),
           "Records that could not be kept: dropped (too many waited) or refused."),
    Metric("dialer_campaigns_left_out", "gauge", (),
           f"Campaigns beyond the {MOST_CAMPAIGNS} that are shown; running ones are shown first."),
    Metric("dialer_campaign_state", "gauge", ("campaign", "state"),
           "1 for the state that the campaign is in, else 0."),
    Metric("dialer_agents", "gauge", ("campaign", "state"), "Agents by state."),
    Metric("dialer_calls", "gauge", ("campaign", "state"), "Open calls by state."),
    Metric("dialer_calls_ended_total", "counter", ("campaign", "result"),
           "Calls that left the machine and ended, by result."),
    Metric("dialer_calls_answered_by_person_total", "counter", _CAMPAIGN,
           "Ended calls that a person answered, or perhaps a person."),
    Metric("dialer_calls_connected_total", "counter", _CAMPAIGN,
           "Ended calls in which the person met an agent in time."),
    Metric("dialer_calls_abandoned_total", "counter", _CAMPAIGN,
           "Ended calls in which the person met no agent in time."),
    Metric("dialer_answer_to_agent_seconds", "histogram", _CAMPAIGN,
           "From a person's answer to the bridge with an agent, of ended calls."),
    Metric("dialer_abandonment_ratio", "gauge", ("campaign", "window"),
           "Share of abandoned calls among those a person answered in the window, by the abandonment ledger's own "
           "formula; 0 before the first answer."),
    Metric("dialer_abandonment_held", "gauge", ("campaign", "window"),
           "1 for the windows that the campaign's law holds it to; the others are shown only."),
    Metric("dialer_abandonment_budget_calls", "gauge", ("campaign", "window"),
           "How many more calls may be abandoned in the window before the dialer dials no call ahead of an agent."),
    Metric("dialer_abandonment_limit_ratio", "gauge", _CAMPAIGN, "The most that the law or the campaign allows."),
    Metric("dialer_abandonment_level", "gauge", _CAMPAIGN,
           "What the ledger lets pacing do: 0 free, 1 throttled, 2 one call an agent, 3 over the limit."),
    Metric("dialer_pick_up_ratio", "gauge", _CAMPAIGN,
           "Answered by a person / attempts, today; none before the first attempt."),
    Metric("dialer_occupancy_ratio", "gauge", _CAMPAIGN,
           "(talking + wrap-up) / (logged in - paused) over five minutes; none without agents."),
    Metric("dialer_dial_ratio", "gauge", _CAMPAIGN,
           "Calls not yet with an agent for each agent at work; none without agents."),
    Metric("dialer_leads_left", "gauge", _CAMPAIGN, "Leads that are not finished."),
)  # fmt: skip

BY_NAME: Final = {metric.name: metric for metric in CATALOGUE}
