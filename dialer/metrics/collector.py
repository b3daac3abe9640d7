"""From a reading to metric families, for prometheus-client to write down."""

import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from dialer.control.status import CampaignStatus, MqttStatus, StatusSnapshot
from dialer.floor.words import AgentState, AttemptState, CampaignState, Result
from dialer.metrics.catalogue import BY_NAME, MOST_CAMPAIGNS, MOST_TRUNKS, Metric
from dialer.metrics.figures import Figures
from dialer.metrics.reading import Reading
from dialer.store.connection import SQLITE_VERSION
from dialer.timings import Timings

FASTAGI_FAILURES: Final = ("refused", "gone", "timeouts", "failures")


class ReadingCollector(Collector):
    """Shows one reading."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def describe(self) -> Iterable[Family]:
        """Nothing beforehand: a registry would otherwise collect once more."""
        return ()

    def collect(self) -> Iterable[Family]:
        """Every family of the catalogue that has a value."""
        sheet = _Sheet()
        _of_the_daemon(sheet, self._reading)
        _of_the_pbx(sheet, self._reading)
        _of_mqtt(sheet, self._reading.status.mqtt)
        _of_the_store(sheet, self._reading)
        shown = shown_campaigns(self._reading.status)
        sheet.put("dialer_campaigns_left_out", len(self._reading.status.campaigns) - len(shown))
        agents = Counter((agent.campaign_id, agent.state) for agent in self._reading.status.agents)
        for campaign in shown:
            _of_a_campaign(sheet, campaign, self._reading.figures, agents)
        return sheet.families()


def registry_of(reading: Reading) -> CollectorRegistry:
    """A reading, with what the operating system says of the process."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(ReadingCollector(reading))
    return registry


def shown_campaigns(status: StatusSnapshot) -> list[CampaignStatus]:
    """The campaigns that a scrape shows: running ones first, at most so many."""
    order = sorted(status.campaigns, key=lambda campaign: campaign.state is not CampaignState.RUNNING)
    return order[:MOST_CAMPAIGNS]


class _Sheet:
    """Families by name, made when their first value comes."""

    def __init__(self) -> None:
        self._families: dict[str, GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily] = {}

    def put(self, name: str, value: float | None, *labels: str) -> None:
        """One value; None: there is none, and nothing is shown."""
        if value is not None:
            self._family(BY_NAME[name]).add_metric(labels, float(value))  # type: ignore[arg-type, call-arg]

    def put_timings(self, name: str, timings: Timings, *labels: str) -> None:
        """A whole histogram."""
        running, buckets = 0, []
        for bound, count in zip((*timings.bounds_s, float("inf")), timings.counts, strict=True):
            running += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), float(running)))
        family = self._family(BY_NAME[name])
        assert isinstance(family, HistogramMetricFamily)  # noqa: S101 - the catalogue says so
        family.add_metric(labels, buckets, timings.sum_s)

    def families(self) -> Iterator[Family]:
        """What was put, in the catalogue's order."""
        return (self._families[name] for name in BY_NAME if name in self._families)

    def _family(self, metric: Metric) -> GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily:
        if metric.name not in self._families:
            kinds = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily, "histogram": HistogramMetricFamily}
            self._families[metric.name] = kinds[metric.kind](metric.name, metric.help, labels=metric.labels)
        return self._families[metric.name]


def _of_the_daemon(sheet: _Sheet, reading: Reading) -> None:
    status = reading.status
    sheet.put("dialer_build_info", 1, status.version, platform.python_version(), SQLITE_VERSION)
    sheet.put("dialer_start_time_seconds", status.started_at)
    sheet.put("dialer_draining", status.draining)
    sheet.put("dialer_dial_cycles_total", reading.dial_cycles)
    sheet.put_timings("dialer_loop_lag_seconds", reading.lags)
    sheet.put("dialer_tasks", reading.tasks)
    sheet.put("dialer_last_backup_timestamp_seconds", reading.backup_at)


def _of_the_pbx(sheet: _Sheet, reading: Reading) -> None:
    pbx, fastagi = reading.pbx, reading.fastagi
    sheet.put("dialer_ami_up", reading.status.link.up)
    for name, key in (
        ("dialer_ami_backlog_messages", "backlog"),
        ("dialer_ami_ping_seconds", "ping_s"),
        ("dialer_ami_link_losses_total", "link_losses"),
        ("dialer_ami_events_total", "events_read"),
        ("dialer_ami_event_failures_total", "event_failures"),
        ("dialer_originates_total", "originates_sent"),
        ("dialer_originates_refused_total", "originates_refused"),
    ):
        sheet.put(name, float(pbx[key] or 0))
    sheet.put("dialer_fastagi_up", reading.route_up)
    sheet.put("dialer_fastagi_runs_total", fastagi["runs"])
    for kind in FASTAGI_FAILURES:
        sheet.put("dialer_fastagi_failures_total", fastagi[kind], kind)
    for trunk in reading.status.trunks[:MOST_TRUNKS]:
        sheet.put("dialer_trunk_avoided", trunk.avoided_since is not None, trunk.trunk_id)


def _of_mqtt(sheet: _Sheet, mqtt: MqttStatus | None) -> None:
    if mqtt is not None:
        sheet.put("dialer_mqtt_up", mqtt.up)
        sheet.put("dialer_mqtt_dropped_total", mqtt.alerts_dropped, "alerts")
        sheet.put("dialer_mqtt_dropped_total", mqtt.events_dropped, "events")


def _of_the_store(sheet: _Sheet, reading: Reading) -> None:
    sheet.put("dialer_store_up", reading.store_up)
    sheet.put_timings("dialer_store_commit_seconds", reading.commits)
    sheet.put("dialer_store_records_waiting", reading.records_waiting)
    sheet.put("dialer_store_records_lost_total", reading.records_dropped, "dropped")
    sheet.put("dialer_store_records_lost_total", reading.records_refused, "refused")


def _of_a_campaign(
    sheet: _Sheet, campaign: CampaignStatus, figures: Figures, agents: Mapping[tuple[str, AgentState], int]
) -> None:
    name = campaign.campaign_id
    for state in CampaignState:
        sheet.put("dialer_campaign_state", campaign.state is state, name, state)
    for agent_state in AgentState:
        sheet.put("dialer_agents", agents.get((name, agent_state), 0), name, agent_state)
    for call_state in AttemptState:
        if call_state is not AttemptState.ENDED:
            sheet.put("dialer_calls", campaign.calls.get(call_state, 0), name, call_state)
    for result in Result:
        sheet.put("dialer_calls_ended_total", figures.ended[name, result], name, result)
    sheet.put("dialer_calls_answered_by_person_total", figures.persons[name], name)
    sheet.put("dialer_calls_connected_total", figures.connected[name], name)
    sheet.put("dialer_calls_abandoned_total", figures.abandoned[name], name)
    sheet.put_timings("dialer_answer_to_agent_seconds", figures.answer_to_agent(name), name)
    _rates(sheet, campaign)


def _rates(sheet: _Sheet, campaign: CampaignStatus) -> None:
    name, paced, ledger = campaign.campaign_id, campaign.pacing, campaign.abandonment
    for standing in ledger.standings if ledger else ():
        sheet.put("dialer_abandonment_ratio", standing.rate, name, standing.window)
        sheet.put("dialer_abandonment_held", standing.held, name, standing.window)
        sheet.put("dialer_abandonment_budget_calls", standing.budget_calls, name, standing.window)
    sheet.put("dialer_abandonment_limit_ratio", ledger.policy.limit if ledger else None, name)
    sheet.put("dialer_abandonment_level", ledger.level if ledger else None, name)
    sheet.put("dialer_pick_up_ratio", campaign.today.pick_up_rate, name)
    sheet.put("dialer_occupancy_ratio", campaign.occupancy, name)
    sheet.put("dialer_dial_ratio", paced.calls_per_agent if paced else None, name)
    sheet.put("dialer_leads_left", campaign.leads_left, name)
