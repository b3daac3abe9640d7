"""Campaigns, lists and agents as they are kept."""

from dataclasses import replace

import pytest

from dialer.floor.events import AgentSettings, CampaignSettings
from dialer.floor.words import CampaignState, LineMode
from dialer.store import Agent, Store
from dialer.store.errors import AlreadyExists, Invalid, NotFound
from tests.unit.store.helpers import NOW, rows

FULL = CampaignSettings(
    campaign_id="full-1",
    trunk="carrier",
    caller_id="+33162000000",
    ring_timeout_s=22.5,
    connect_deadline_s=1.5,
    wrap_up_s=30,
    max_lines=40,
    max_calls_per_s=2.5,
    abandonment_limit=0.01,
    policy="predictive",
    language="en",
    message="custom/msg",
    dispositions=(("1", "rendez-vous"), ("2", 'refus "net"')),
    keypad_disposition=True,
)
ZOE = Agent(AgentSettings("zoe", "acme", "zoe-phone", LineMode.ON_HOOK), "Zoé")


async def test_every_setting_comes_back_as_it_was(store: Store) -> None:
    created = await store.create_campaign(FULL, "Mission d'été", "Ménages SARL")

    assert await store.campaign("full-1") == created
    assert created.settings == FULL
    assert (created.name, created.principal, created.state) == ("Mission d'été", "Ménages SARL", CampaignState.STOPPED)


async def test_settings_change_and_the_state_stays(store: Store) -> None:
    await store.set_campaign_state("acme", CampaignState.RUNNING, "by command")

    await store.change_campaign(replace(FULL, campaign_id="acme"))

    campaign = await store.campaign("acme")
    assert campaign.settings == replace(FULL, campaign_id="acme")
    assert campaign.state is CampaignState.RUNNING


@pytest.mark.parametrize(
    "campaign_id", ["", "Acme", "a b", "é", "../x", "a\n", "x" * 41, "-a", "a/b", "a'; DROP TABLE"]
)
async def test_an_id_that_no_file_or_topic_could_carry_is_refused(store: Store, campaign_id: str) -> None:
    with pytest.raises(Invalid):
        await store.create_campaign(replace(FULL, campaign_id=campaign_id))


async def test_names_that_are_taken_are_refused(store: Store) -> None:
    await store.create_agent(ZOE, "1234")

    with pytest.raises(AlreadyExists, match="campaign acme"):
        await store.create_campaign(replace(FULL, campaign_id="acme"))
    with pytest.raises(AlreadyExists, match="agent zoe"):
        await store.create_agent(ZOE, "1234")


async def test_what_does_not_exist_is_not_found(store: Store) -> None:
    stranger = Agent(AgentSettings("max", "nowhere", "p"), "Max")
    for attempt in (
        store.campaign("nowhere"),
        store.change_campaign(FULL),
        store.set_campaign_state("nowhere", CampaignState.RUNNING, ""),
        store.ensure_list("nowhere", "list"),
        store.create_agent(stranger, "1234"),
        store.change_agent(replace(ZOE, name="Zoe")),
        store.set_pin("zoe", "1234"),
        store.lead(1),
        store.explain("nothing"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_list_is_made_once(store: Store) -> None:
    first = await store.ensure_list("acme", "Fichier 1")

    assert await store.ensure_list("acme", "Fichier 1") == first
    assert [one.name for one in await store.lists("acme")] == ["Fichier 1"]


async def test_agents_come_back_as_they_were_and_change(store: Store) -> None:
    await store.create_agent(ZOE, "1234")
    assert await store.agents() == (ZOE,)
    assert await store.agents("acme") == (ZOE,)
    assert await store.agents("other") == ()

    moved = Agent(AgentSettings("zoe", "acme", "other-phone", LineMode.ON_LINE), "Zoé B.")
    await store.change_agent(moved)

    assert await store.agents() == (moved,)
    assert await store.verify_pin("zoe", "1234")


async def test_a_pin_opens_for_its_agent_alone(store: Store) -> None:
    await store.create_agent(ZOE, "1234")

    assert await store.verify_pin("zoe", "1234")
    assert not await store.verify_pin("zoe", "1235")
    assert not await store.verify_pin("zoe", "")
    assert not await store.verify_pin("nobody", "1234")
    assert not await store.verify_pin("nobody", "no agent has this")

    await store.set_pin("zoe", "0000")
    assert not await store.verify_pin("zoe", "1234")
    assert await store.verify_pin("zoe", "0000")


async def test_a_pin_is_not_kept_as_it_is(store: Store) -> None:
    await store.create_agent(ZOE, "918273")

    ((kept,),) = await rows(store, "SELECT pin_hash FROM agents")
    assert kept.startswith("$argon2id$")
    assert "918273" not in kept


@pytest.mark.parametrize("pin", ["", "123", "1" * 13, "12a4", "１２３４", "1234\n"])
async def test_a_pin_that_no_phone_can_type_is_refused(store: Store, pin: str) -> None:
    with pytest.raises(Invalid):
        await store.create_agent(ZOE, pin)


async def test_a_change_of_state_keeps_its_reason(store: Store) -> None:
    await store.set_campaign_state("acme", CampaignState.RUNNING, "by the supervisor")

    assert await rows(store, "SELECT at, state, reason FROM campaign_changes") == [
        (NOW, "running", "by the supervisor")
    ]
