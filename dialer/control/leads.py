"""Commands on lists of leads."""

from dialer.control import requests as rq
from dialer.control.campaigns import told_list
from dialer.control.server import Call
from dialer.control.services import Services
from dialer.control.wire import JsonObject


async def lists(services: Services, call: Call) -> JsonObject:
    """Lists of one campaign or all, in the order in which they are called."""
    wish = rq.read(rq.CampaignFilter, call.params)
    known = (
        [wish.campaign_id] if wish.campaign_id else [c.settings.campaign_id for c in await services.store.campaigns()]
    )
    for campaign_id in known:
        await services.store.campaign(campaign_id)
    return {"lists": [told_list(each) for campaign_id in known for each in await services.store.lists(campaign_id)]}
