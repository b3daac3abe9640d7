"""The commands themselves, on the real floor and the real store, without a socket."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dialer.config_file import Loaded, parse
from dialer.control.handlers import FLOOR_COMMANDS, STORE_COMMANDS, agent_handlers, control_handlers, store_handlers
from dialer.control.server import Call, Peer
from dialer.control.services import StoreOnly
from dialer.control.wire import BadRequestError, NoDaemonError, NotFoundError, RefusedError
from dialer.errors import DialerError
from dialer.floor import events as ev
from dialer.floor.commands import CallAgent, HangUp
from dialer.floor.words import CampaignState, Result
from dialer.rules.abandonment import Counts
from dialer.store.abandonment import ledger_at
from dialer.store.errors import AlreadyExists, NotFound
from dialer.store.opening import open_store
from tests.unit.control.live_services import LiveServices

CONFIG = (
    '[daemon]\nstate_dir = "."\n[dialing]\ntrunk = "carrier"\ncaller_id = "+33162000000"\n'
    '[law]\npreset = "lab"\n[agents]\npin_tries = 3\n'
)
LEADS = "Nom;Tel;Ref\nDupont;0199000001;1\nMartin;0142000002;2\nBad;123;3\nDupont;0199000001;1\n"


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return parse(CONFIG, tmp_path / "dialer.toml")


@pytest.fixture
async def services(loaded: Loaded) -> AsyncIterator[LiveServices]:
    async with open_store(loaded.config.store_path, create=True) as store:
        live = LiveServices(loaded, store)
        live.submit(ev.LinkRestored(at=live.now()))
        yield live


class Desk:
    """Somebody who gives commands; ``parts`` collects what came ahead of the results."""

    def __init__(self, services: StoreOnly) -> None:
        self.services = services
        self.parts: list[Any] = []
        self.handlers = {**agent_handlers(services), **control_handlers(services)}

    async def __call__(self, command: str, **params: object) -> dict[str, Any]:
        async def send(part: Any) -> None:  # noqa: ANN401
            self.parts.append(part)

        return dict(await self.handlers[command](Call(params, Peer(pid=1, uid=0), send)))


@pytest.fixture
async def desk(services: LiveServices) -> Desk:
    ready = Desk(services)
    await ready("campaign_create", campaign_id="summer", dispositions={"1": "sale", "2": "refusal"})
    await ready("agent_add", agent_id="101", campaign_id="summer", phone="101", pin="1234")
    return ready


async def log_in(desk: Desk) -> dict[str, Any]:
    who: dict[str, object] = {"agent_id": "101", "pin": "1234"}
    answer = await desk("agent_login", **who, channel="PJSIP/101-1", channel_id="17.1")
    at = desk.services.now()
    desk.services.submit(ev.BridgeEntered(at=at, channel_id="17.1", bridge_id="hold", holding=True))
    return answer


# --- campaigns -----------------------------------------------------------------------------------------------------


async def test_a_new_campaign_takes_what_is_not_said_from_the_configuration(desk: Desk) -> None:
    result = await desk("campaign_create", campaign_id="winter", wrap_up_s=7.0, abandonment_limit_pct=2.5)

    campaign = result["campaign"]
    assert (campaign["state"], campaign["trunk"], campaign["caller_id"]) == ("stopped", "carrier", "+33162000000")
    assert (campaign["wrap_up_s"], campaign["abandonment_limit_pct"]) == (7.0, 2.5)
    assert {view.campaign_id for view in desk.services.snapshot().campaigns} == {"summer", "winter"}


async def test_a_campaign_without_trunk_or_caller_id_is_refused(tmp_path: Path) -> None:
    loaded = parse('[daemon]\nstate_dir = "."\n', tmp_path / "dialer.toml")
    async with open_store(loaded.config.store_path, create=True) as store:
        desk = Desk(StoreOnly(loaded, store))
        with pytest.raises(BadRequestError, match="--trunk"):
            await desk("campaign_create", campaign_id="summer")
        with pytest.raises(BadRequestError, match="--caller-id"):
            await desk("campaign_create", campaign_id="summer", trunk="carrier")
        assert (await desk("campaign_list"))["campaigns"] == []


async def test_a_campaigns_name_is_taken_once(desk: Desk) -> None:
    with pytest.raises(AlreadyExists):
        await desk("campaign_create", campaign_id="summer")


async def test_changed_settings_reach_the_record_and_leave_the_others(desk: Desk) -> None:
    await desk("campaign_set", campaign_id="summer", max_lines=60)

    campaign = (await desk("campaign_show", campaign_id="summer"))["campaign"]
    assert (campaign["max_lines"], campaign["dispositions"]) == (60, {"1": "sale", "2": "refusal"})


async def test_start_pause_and_stop_reach_floor_and_record(desk: Desk) -> None:
    for state in ("running", "paused", "running", "stopped"):
        result = await desk("campaign_move", campaign_id="summer", state=state, reason="briefing")
        assert (result["state"], result["live"]) == (state, True)
        assert desk.services.snapshot().campaigns[0].state == state
        assert (await desk.services.store.campaign("summer")).state == state


async def test_a_state_that_the_campaign_has_already_changes_nothing(desk: Desk) -> None:
    result = await desk("campaign_move", campaign_id="summer", state="stopped")

    assert result["was"] == result["state"]


async def test_a_move_that_is_repeated_tells_the_floor_again(desk: Desk) -> None:
    """A daemon that was cut between record and floor: whoever asks again is not only told that it is so."""
    await desk("campaign_move", campaign_id="summer", state="running")
    await desk.services.store.set_campaign_state("summer", CampaignState.PAUSED, "cut short")
    await desk("campaign_move", campaign_id="summer", state="paused")
    assert desk.services.snapshot().campaigns[0].state == "paused"


async def test_a_pause_is_not_undone_by_settings_that_change_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk("campaign_move", campaign_id="summer", state="running")
    store, entered, go_on = desk.services.store, asyncio.Event(), asyncio.Event()
    change = store.change_campaign

    async def slow(settings: ev.CampaignSettings) -> None:
        entered.set()
        await go_on.wait()
        await change(settings)

    monkeypatch.setattr(store, "change_campaign", slow)
    setting = asyncio.create_task(desk("campaign_set", campaign_id="summer", max_lines=60))
    await entered.wait()
    pausing = asyncio.create_task(desk("campaign_move", campaign_id="summer", state="paused"))
    await asyncio.wait([pausing], timeout=0.2)
    go_on.set()
    await asyncio.gather(setting, pausing)
    campaign = await store.campaign("summer")
    assert (campaign.state, campaign.settings.max_lines) == ("paused", 60)
    assert desk.services.snapshot().campaigns[0].state == "paused"


@pytest.mark.parametrize("state", ["paused", "finished"])
async def test_a_state_that_may_not_follow_is_refused(desk: Desk, state: str) -> None:
    with pytest.raises(DialerError):
        await desk("campaign_move", campaign_id="summer", state=state)

    assert (await desk.services.store.campaign("summer")).state is CampaignState.STOPPED


async def test_the_unknown_campaign_is_not_found(desk: Desk) -> None:
    for command in ("campaign_show", "campaign_set"):
        with pytest.raises(NotFound):
            await desk(command, campaign_id="nosuch")
    with pytest.raises(NotFound):
        await desk("leads_lists", campaign_id="nosuch")
    with pytest.raises(NotFound):
        await desk("agent_list", campaign_id="nosuch")


# --- agents --------------------------------------------------------------------------------------------------------


async def test_an_agents_day(desk: Desk, services: LiveServices) -> None:
    assert (await log_in(desk))["agent_id"] == "101"
    assert (await desk("agent_list"))["agents"][0]["state"] == "ready"
    assert (await desk("agent_pause", agent_id="101", reason="lunch"))["state"] == "paused"
    assert (await desk("agent_list", campaign_id="summer"))["agents"][0]["reason"] == "lunch"
    assert (await desk("agent_ready", agent_id="101"))["state"] == "ready"
    await desk("agent_logout", agent_id="101")
    assert HangUp("17.1") in services.asked


async def test_a_called_agents_phone_is_rung(desk: Desk, services: LiveServices) -> None:
    assert (await desk("agent_call", agent_id="101"))["state"] == "calling"
    assert any(isinstance(command, CallAgent) and command.phone == "101" for command in services.asked)


async def test_changed_settings_of_an_agent_keep_the_others_and_the_pin(desk: Desk) -> None:
    await desk("agent_set", agent_id="101", name="Nadia", phone="201")

    (agent,) = (await desk("agent_list"))["agents"]
    assert (agent["name"], agent["phone"], agent["campaign_id"]) == ("Nadia", "201", "summer")
    await log_in(desk)


async def test_another_pin_replaces_the_first(desk: Desk) -> None:
    await desk("agent_set", agent_id="101", pin="9876")

    with pytest.raises(RefusedError, match="wrong"):
        await log_in(desk)


@pytest.mark.parametrize(("agent", "pin"), [("101", "0000"), ("999", "1234"), ("", ""), ("1'; --", "x")])
async def test_a_wrong_id_and_a_wrong_pin_are_told_alike(desk: Desk, agent: str, pin: str) -> None:
    with pytest.raises(RefusedError) as caught:
        await desk("agent_login", agent_id=agent, pin=pin, channel="PJSIP/1-1", channel_id="1.1")

    assert (caught.value.code, str(caught.value)) == ("wrong_pin", "Agent id or PIN is wrong.")


async def test_too_many_wrong_pins_lock_even_the_right_one_out(desk: Desk) -> None:
    for _ in range(3):
        with pytest.raises(RefusedError):
            await desk("agent_login", agent_id="101", pin="0000", channel="PJSIP/1-1", channel_id="1.1")

    with pytest.raises(RefusedError) as caught:
        await log_in(desk)

    assert caught.value.code == "locked_out"


async def test_nothing_is_disposed_without_a_call(desk: Desk) -> None:
    await log_in(desk)

    with pytest.raises(DialerError, match="no call"):
        await desk("disposition", agent_id="101", disposition="sale")


async def test_a_key_that_stands_for_nothing_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="Key 9"):
        await desk("disposition", agent_id="101", key="9")


@pytest.mark.parametrize("what", [{}, {"key": "1", "disposition": "sale"}])
async def test_either_a_key_or_a_disposition(desk: Desk, what: dict[str, str]) -> None:
    with pytest.raises(BadRequestError, match="either"):
        await desk("disposition", agent_id="101", **what)


async def test_the_phones_socket_offers_no_more_than_a_phone_needs(services: LiveServices) -> None:
    assert set(agent_handlers(services)) == {"agent_login", "agent_pause", "agent_ready", "agent_next", "disposition"}


# --- leads and outcomes --------------------------------------------------------------------------------------------


async def test_an_import_adds_up_and_a_second_one_adds_nothing(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(LEADS)
    wish: dict[str, Any] = {"path": str(file), "campaign_id": "summer", "list": "people"}

    dry = await desk("leads_import", **wish, dry_run=True)
    first = await desk("leads_import", **wish, want_refused=True)
    second = await desk("leads_import", **wish)

    assert [dry["new"], first["new"], second["new"]] == [2, 2, 0]
    assert all(each["read"] == each["new"] + each["duplicates"] + each["refused"] for each in (dry, first, second))
    assert "123" in "".join(part.get("refused_text", "") for part in desk.parts)
    (listed,) = (await desk("leads_lists"))["lists"]
    assert (listed["name"], listed["leads"], listed["exploitation_rate"]) == ("people", 2, 0.0)


async def test_a_file_that_cannot_be_read_is_refused_before_anything(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="cannot be read"):
        await desk("leads_import", path=str(tmp_path / "none.csv"), campaign_id="summer", list="x")

    assert (await desk("leads_lists"))["lists"] == []


async def test_a_file_is_checked_without_a_campaign_and_with_a_team(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Ref;Appel\n" + "".join(f"{n};01990000{n:02}\n" for n in range(40)) + "x;12\n")
    wish = {"path": str(file), "columns": {"phone": "Appel"}, "profile": "partner", "preset": "lab"}
    team = {"agents": 1, "calls_per_agent_h": 4.0}

    alone = await desk("leads_check", **wish)
    with_team = await desk("leads_check", path=str(file), profile="partner", preset="lab", **team)
    consumers = await desk("leads_check", path=str(file), profile="partner", **team)

    assert (alone["read"], alone["valid"], alone["invalid"]) == (41, 40, {"too_short": 1})
    assert alone["columns"]["phone"] == "Appel"
    assert alone["forecast"]["days"] is None
    assert with_team["columns"] == alone["columns"], "the profile was kept"
    outlook = with_team["forecast"]
    assert outlook["days"] == -(-40 * outlook["tries"] // (4 * with_team["hours_a_day"]))
    assert (consumers["without_consent"], consumers["forecast"]["leads"], consumers["forecast"]["days"]) == (40, 0, 0)
    assert (await desk("leads_lists"))["lists"] == []


async def test_an_asker_who_goes_away_leaves_nothing_half_imported(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(LEADS)

    async def gone(_part: Any) -> None:  # noqa: ANN401
        raise ConnectionResetError

    params = {"path": str(file), "campaign_id": "summer", "list": "people", "want_refused": True}
    with pytest.raises(ConnectionResetError):
        await desk.handlers["leads_import"](Call(params, Peer(1, 0), gone))

    assert all(listed["leads"] in (0, 2) for listed in (await desk("leads_lists"))["lists"])
    assert not [name for name in os.listdir(tmp_path) if name.startswith("refused-")]  # noqa: PTH208


async def one_call(desk: Desk, tmp_path: Path, *, talks: bool = False) -> str:
    """One lead, imported, reserved, answered and hung up, agent 101 in between if it ``talks``; its attempt's id."""
    file = tmp_path / "people.csv"
    file.write_text("tel,source_id,last_name\n0199000001,=1+1,Dupont\n")
    await desk("leads_import", path=str(file), campaign_id="summer", list="people")
    store, now = desk.services.store, desk.services.now()
    (attempt,) = await store.reserve("summer", 1, now)
    desk.services.submit(ev.AttemptsReserved(at=now, attempts=(attempt,)))
    desk.services.submit(ev.CallAnswered(at=now + 1, attempt_id=attempt.attempt_id))
    if talks:
        desk.services.submit(ev.RouteAsked(at=now + 1, attempt_id=attempt.attempt_id))
        for channel_id in ("17.1", attempt.attempt_id):
            desk.services.submit(ev.BridgeEntered(at=now + 1, channel_id=channel_id, bridge_id="b", holding=False))
    over = ev.HungUp(at=now + 2, channel_id=attempt.attempt_id, cause=16, result=Result.NO_ANSWER)
    desk.services.submit(over)
    await store.flush()
    return attempt.attempt_id


async def test_the_life_of_a_call_is_explained_and_exported(desk: Desk, tmp_path: Path) -> None:
    attempt_id = await one_call(desk, tmp_path)
    desk.parts.clear()

    life = await desk("explain", attempt_id=attempt_id)
    result = await desk("outcomes_export", campaign_id="summer")

    assert life["attempt"]["result"] == "answered"
    assert [step["state"] for step in life["steps"]][-1] == "ended"
    assert life["lead"]["source_id"] == "=1+1"
    assert result == {"count": 1}
    columns, rows = desk.parts
    assert "attempt_id" in columns["columns"]
    assert rows["rows"][0]["values"]["attempt_id"] == attempt_id
    assert rows["rows"][0]["fields"]["last_name"] == "Dupont"


async def test_a_period_without_calls_exports_nothing(desk: Desk, tmp_path: Path) -> None:
    await one_call(desk, tmp_path)

    assert await desk("outcomes_export", until=1000.0) == {"count": 0}


async def test_a_disposition_is_corrected_on_record(desk: Desk, tmp_path: Path) -> None:
    attempt_id = await one_call(desk, tmp_path)

    first = await desk("disposition_set", attempt_id=attempt_id, disposition="sale")
    again = await desk("disposition_set", attempt_id=attempt_id, disposition="wrong_number")

    assert (first["was"], again["was"]) == (None, "sale")
    attempt = (await desk("explain", attempt_id=attempt_id))["attempt"]
    assert (attempt["disposition"], attempt["result"]) == ("wrong_number", "answered")


async def test_an_open_call_is_not_disposed_on_record(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("tel\n0199000001\n")
    await desk("leads_import", path=str(file), campaign_id="summer", list="people")
    (attempt,) = await desk.services.store.reserve("summer", 1, desk.services.now())

    with pytest.raises(RefusedError, match="not ended"):
        await desk("disposition_set", attempt_id=attempt.attempt_id, disposition="sale")


async def test_the_unknown_attempt_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk("explain", attempt_id="nosuch")


# --- all of them ---------------------------------------------------------------------------------------------------

HOSTILE: list[dict[str, object]] = [
    {"nosuch": 1},
    {"campaign_id": 7, "agent_id": [], "attempt_id": None},
    {"campaign_id": "A B", "agent_id": "x" * 100, "attempt_id": "a\r\nb"},
    {"campaign_id": "summer", "agent_id": "101", "attempt_id": "x", "phone": "101&201", "trunk": "a/b,c"},
]


@pytest.mark.parametrize("params", HOSTILE)
async def test_bad_parameters_are_refused_by_every_command(desk: Desk, params: dict[str, object]) -> None:
    for command in desk.handlers:
        with pytest.raises(DialerError):
            await desk(command, **params)


async def test_a_refused_value_is_not_repeated(desk: Desk) -> None:
    with pytest.raises(BadRequestError) as caught:
        await desk("agent_add", agent_id="7", campaign_id="summer", phone="7", pin="secret-pin")

    assert "secret-pin" not in str(caught.value)


async def test_without_a_daemon_the_store_alone_is_changed(loaded: Loaded) -> None:
    async with open_store(loaded.config.store_path, create=True) as store:
        desk = Desk(StoreOnly(loaded, store))
        await desk("campaign_create", campaign_id="summer")
        moved = await desk("campaign_move", campaign_id="summer", state="running")
        await desk("agent_add", agent_id="101", campaign_id="summer", phone="101", pin="1234")

        assert moved["live"] is False
        assert (await store.campaign("summer")).state is CampaignState.RUNNING
        assert (await desk("agent_list"))["agents"][0]["state"] is None
        with pytest.raises(NoDaemonError):
            await desk("status")


def test_no_command_stands_in_both_registries(services: LiveServices) -> None:
    assert not set(STORE_COMMANDS) & set(FLOOR_COMMANDS)
    assert set(store_handlers(services)) == set(STORE_COMMANDS)


# --- abandoned calls --------------------------------------------------------------------------------------------------


async def test_a_limit_above_the_presets_is_refused_with_the_rules_name(desk: Desk) -> None:
    with pytest.raises(RefusedError, match=r"lab\.abandon allows at most 3 %"):
        await desk("campaign_set", campaign_id="summer", abandonment_limit_pct=4.0)
    with pytest.raises(RefusedError, match=r"fr\.abandon"):
        await desk("campaign_create", campaign_id="winter", preset="fr", abandonment_limit_pct=3.5)
    await desk("campaign_set", campaign_id="summer", abandonment_limit_pct=2.0)
    (told,) = (await desk("abandonment", campaign_id="summer"))["campaigns"]
    assert (told["limit"], told["hard"], told["target"]) == (0.02, 0.02, 0.02)


async def test_a_call_may_not_be_given_up_before_it_has_rung_as_long_as_the_law_asks(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="min_ring forbids"):
        await desk("campaign_create", campaign_id="winter", preset="fr", cancel_after_s=12.0)
    await desk("campaign_create", campaign_id="winter", preset="fr", cancel_after_s=15.0)
    with pytest.raises(RefusedError, match="14 s"):
        await desk("campaign_set", campaign_id="winter", cancel_after_s=14.0)
    with pytest.raises(RefusedError, match="15 s"):
        await desk("campaign_set", campaign_id="winter", tighten={"min_ring": {"min_s": 20}})


async def test_the_law_of_a_new_or_changed_campaign_reaches_the_floor(desk: Desk, services: LiveServices) -> None:
    await desk("campaign_create", campaign_id="winter", preset="uk")
    assert services.floor.ledger("winter", services.now()).policy.target == 0.0
    await desk("campaign_set", campaign_id="winter", preset="ca")
    assert services.floor.ledger("winter", services.now()).worst.window == "calendar_month"


async def test_every_window_is_told_with_its_dates_and_what_binds(desk: Desk) -> None:
    await desk("campaign_create", campaign_id="winter", preset="fr")
    (told,) = (await desk("abandonment", campaign_id="winter"))["campaigns"]
    assert (told["preset"], told["zone"], told["level"], told["budget_calls"]) == (
        "fr",
        "Europe/Paris",
        "one_to_one",
        0,
    )
    bound = {each["window"]: each["held"] for each in told["windows"]}
    assert bound == {"calendar_day": True, "calendar_month": False, "fixed_30d": True, "rolling_30d": False}


async def test_an_earlier_day_is_told_by_the_record(desk: Desk) -> None:
    told = (await desk("abandonment", day="2026-02-28"))["campaigns"]
    days = [(each["from"], each["to"]) for each in told[0]["windows"] if each["window"] != "fixed_30d"]
    assert days == [("2026-02-28", "2026-02-28"), ("2026-02-01", "2026-02-28"), ("2026-01-30", "2026-02-28")]
    with pytest.raises(BadRequestError, match="a date like"):
        await desk("abandonment", day="2026-02-30")


async def test_a_corrected_disposition_counts_on_the_floor_as_on_record(
    desk: Desk, services: LiveServices, tmp_path: Path
) -> None:
    await log_in(desk)
    attempt_id = await one_call(desk, tmp_path, talks=True)
    assert services.floor.ledger("summer", services.now()).today == Counts(connected=1)
    for what, counts in (("machine", Counts(machines=1)), ("sale", Counts(connected=1))):
        await desk("disposition_set", attempt_id=attempt_id, disposition=what)
        assert services.floor.ledger("summer", services.now()).today == counts
        kept = await services.store.read(lambda db: ledger_at(db, "summer", services.now()))
        assert kept.today == counts
