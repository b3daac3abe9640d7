"""What the pacers learned on other days: taken from the store at the start, put there while the daemon runs."""

import asyncio

import structlog

import pacing
from dialer.clock import Clock
from dialer.daemon.engine import Engine, guarded
from dialer.floor.events import MemoryWanted
from dialer.store import Store
from dialer.store.campaigns import Campaign
from dialer.store.pacing import memories

log = structlog.get_logger(__name__)

# So much learning is lost at most when the machine dies; the day's first minutes are the dear ones.
KEEP_EVERY_S = 600.0


async def remembered(store: Store, campaigns: tuple[Campaign, ...]) -> dict[str, bytes]:
    """The memories that the campaigns' policies can read. One that is damaged is left out, with a line in the log."""
    found = await store.read(memories)
    return {
        campaign.settings.campaign_id: memory
        for campaign in campaigns
        if (memory := found.get(campaign.settings.campaign_id)) is not None and _readable(campaign, memory)
    }


def _readable(campaign: Campaign, memory: bytes) -> bool:
    campaign_id, policy = campaign.settings.campaign_id, campaign.settings.policy
    try:
        pacing.create(policy, memory=memory)
    except Exception as error:  # noqa: BLE001 - guard: whatever a damaged memory does, the day begins without it
        log.warning("pacing_memory_refused", campaign=campaign_id, policy=policy, why=repr(error))
        return False
    return True


async def keep(engine: Engine, clock: Clock) -> None:
    """Put what the pacers learned on record every few minutes, for ever."""
    while True:
        await asyncio.sleep(KEEP_EVERY_S)
        guarded(lambda: engine.submit(MemoryWanted(at=clock())))
