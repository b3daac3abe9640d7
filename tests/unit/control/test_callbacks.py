"""Promises by command: by a supervisor for a lead, by an agent in the talk; refused in words a person understands."""

from pathlib import Path
from typing import Any

import pytest

from dialer.control.wire import BadRequestError, RefusedError
from dialer.floor import events as ev
from dialer.floor.words import CampaignState, Result
from dialer.leads.errors import BadTime
from dialer.store.callbacks import ForbiddenTime
from dialer.store.errors import AlreadyExists, NotFound
from tests.unit.control.live_services import LiveServices
from tests.unit.control.test_handlers import Desk, desk, loaded, log_in, services

__all__ = ["desk", "loaded", "services"]  # fixtures


@pytest.fixture
async def lead(desk: Desk, tmp_path: Path) -> int:
    """A lead of campaign summer."""
    (tmp_path / "people.csv").write_text("Tel;Ref\n0199000001;1\n", encoding="utf-8")
    await desk("leads_import", path=str(tmp_path / "people.csv"), campaign_id="summer", list="people")
    rows = await desk.services.store.read(lambda db: [row[0] for row in db.execute("SELECT id FROM leads")])
    return int(rows[0])


async def talk(desk: Desk) -> str:
    """Agent 101 talks with the lead; the attempt."""
    live = desk.services
    assert isinstance(live, LiveServices)
    await log_in(desk)
    (attempt,) = await live.store.reserve("summer", 1, live.now())
    live.submit(ev.AttemptsReserved(at=live.now(), attempts=(attempt,)))
    live.submit(ev.RouteAsked(at=live.now(), attempt_id=attempt.attempt_id))
    for channel in ("17.1", attempt.attempt_id):
        live.submit(ev.BridgeEntered(at=live.now(), channel_id=channel, bridge_id="b", holding=False))
    return attempt.attempt_id


async def listed(desk: Desk, **which: object) -> list[dict[str, Any]]:
    return list((await desk("callback_list", **which))["callbacks"])


async def test_a_supervisor_promises_moves_gives_away_and_cancels(desk: Desk, lead: int) -> None:
    made = await desk("callback_add", lead_id=lead, callback_at="23:59", callback_agent="101", note="after lunch")
    callback = made["callback"]
    assert (callback["agent_id"], callback["state"], made["campaign_state"]) == ("101", "waiting", "stopped")
    assert callback["zone"] == "Europe/Paris"
    number = callback["callback_id"]
    moved = (await desk("callback_move", callback_id=number, at="00:30"))["callback"]
    assert moved["at"] != callback["at"]
    assert (await desk("callback_assign", callback_id=number))["callback"]["agent_id"] is None
    assert [each["callback_id"] for each in await listed(desk, campaign_id="summer")] == [number]
    assert await listed(desk, overdue=True) == []
    await desk("callback_cancel", callback_id=number, reason="called us")
    assert await listed(desk) == []
    assert [(each["state"], each["reason"]) for each in await listed(desk, ended=True)] == [("cancelled", "called us")]


async def test_a_promise_in_a_finished_campaign_lets_it_run_again(desk: Desk, lead: int) -> None:
    await desk("campaign_move", campaign_id="summer", state="running")
    (campaign,) = await desk.services.store.campaigns()
    desk.services.submit(
        ev.CampaignChanged(at=desk.services.now(), settings=campaign.settings, state=CampaignState.FINISHED)
    )
    await desk.services.store.flush()
    made = await desk("callback_add", lead_id=lead, callback_at="23:59")
    assert made["campaign_state"] == "running"
    assert desk.services.snapshot().campaigns[0].state == "running"


async def test_a_promise_does_not_start_a_campaign_that_people_stopped(desk: Desk, lead: int) -> None:
    made = await desk("callback_add", lead_id=lead, callback_at="23:59")
    assert made["campaign_state"] == desk.services.snapshot().campaigns[0].state == "stopped"


async def test_what_cannot_be_promised_is_refused_and_nothing_is_kept(desk: Desk, lead: int) -> None:
    with pytest.raises(BadTime, match="is no time"):
        await desk("callback_add", lead_id=lead, callback_at="soon")
    with pytest.raises(BadRequestError, match="not said"):
        await desk("callback_add", lead_id=lead)
    with pytest.raises(BadRequestError, match="either an agent's own or anybody's"):
        await desk("callback_add", lead_id=lead, callback_at="12:00", callback_agent="101", anyone=True)
    with pytest.raises(NotFound, match="no such number"):
        await desk("callback_add", lead_id=lead, callback_at="12:00", number="+33199000009")
    await desk("campaign_set", campaign_id="summer", preset="fr_b2b", tighten={})
    with pytest.raises(ForbiddenTime, match="The law forbids a call at"):
        await desk("callback_add", lead_id=lead, callback_at="03:00")
    assert await listed(desk, ended=True) == []
    with pytest.raises(NotFound, match="no callback 7"):
        await desk("callback_cancel", callback_id=7)


async def test_an_agent_promises_in_the_talk_or_after_it(desk: Desk, lead: int) -> None:
    attempt = await talk(desk)
    answer = await desk("disposition", agent_id="101", disposition="callback", callback_at="23:59", note="n")
    (callback,) = await listed(desk)
    assert answer["callback"]["callback_id"] == callback["callback_id"]
    assert (callback["agent_id"], callback["promised_by"], callback["promised_in"]) == ("101", "101", attempt)
    live = desk.services
    live.submit(ev.HungUp(at=live.now(), channel_id=attempt, cause=16, result=Result.ANSWERED))
    with pytest.raises(AlreadyExists):
        await desk("disposition", agent_id="101", disposition="callback", callback_at="22:59")
    await live.store.flush()
    await desk("disposition_set", attempt_id=attempt, disposition="sale")
    assert await listed(desk) == []
    answer = await desk("disposition_set", attempt_id=attempt, disposition="callback", callback_at="1430", anyone=True)
    assert answer["callback"]["agent_id"] is None
    assert answer["callback"]["lead_id"] == lead


async def test_only_the_disposition_callback_takes_a_time_and_only_after_a_call(desk: Desk, lead: int) -> None:
    with pytest.raises(BadRequestError, match="takes no time"):
        await desk("disposition", agent_id="101", disposition="sale", callback_at="23:59")
    with pytest.raises(RefusedError, match="has had no call"):
        await desk("disposition", agent_id="101", disposition="callback", callback_at="23:59")
    assert lead


async def test_lists_are_weighed(desk: Desk, lead: int) -> None:
    answer = await desk("leads_weight", campaign_id="summer", list="people", weight=3)
    assert [(each["name"], each["weight"]) for each in answer["lists"]] == [("people", 3)]
    with pytest.raises(NotFound, match="has no list 'other'"):
        await desk("leads_weight", campaign_id="summer", list="other", weight=3)
    assert lead
