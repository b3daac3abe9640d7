"""What happens to campaigns: settings, states, legal windows, what their pacers learned."""

from dialer.errors import DialerError
from dialer.floor import events as ev
from dialer.floor.book import Book
from dialer.floor.campaign import LEARNING, Campaign, make_pacer, terms
from dialer.floor.commands import RecordCampaign, RecordMemory, TrunkMoved
from dialer.floor.transitions import CAMPAIGN, check
from dialer.floor.words import AgentState, CampaignState
from dialer.rules.tally import Tally, own_law


def changed(book: Book, event: ev.CampaignChanged) -> None:
    """A new campaign, or new settings or a new state for one."""
    campaign = book.campaigns.get(event.settings.campaign_id)
    if campaign is None:
        _new(book, event)
        return
    _change_settings(book, campaign, event.settings)
    if event.state is not campaign.state:
        check(CAMPAIGN, f"campaign {event.settings.campaign_id}", campaign.state, event.state)
        campaign.state = event.state
        book.emit(RecordCampaign(event.settings.campaign_id, book.now, event.state, event.reason))
    _note_start(book, campaign)


def _new(book: Book, event: ev.CampaignChanged) -> None:
    settings = event.settings
    tally = Tally(own_law(settings.abandonment_limit), settings.abandonment_limit, settings.abandonment_target)
    pacer = make_pacer(settings, tally, book.moment, event.memory)
    campaign = Campaign(settings, pacer, tally, tally.day(book.now), event.state, memory=event.memory)
    book.campaigns[settings.campaign_id] = campaign
    _note_start(book, campaign)


def _note_start(book: Book, campaign: Campaign) -> None:
    if campaign.state is CampaignState.RUNNING:
        campaign.tally.start(book.now)


def _change_settings(book: Book, campaign: Campaign, settings: ev.CampaignSettings) -> None:
    was, campaign.settings = campaign.settings, settings
    campaign.tally.hold_to(campaign.tally.law, settings.abandonment_limit, settings.abandonment_target)
    if (was.policy, was.ratio) == (settings.policy, settings.ratio):
        tell_terms(book, campaign)
        return
    if was.policy in LEARNING:
        campaign.memory = campaign.pacer.memory()
    # Another policy does not start a new budget: the window goes on with what the day has seen.
    campaign.pacer = make_pacer(settings, campaign.tally, book.moment, campaign.memory)
    _prime(book, campaign)
    _begin_window(book, campaign)  # anew: people who talk are counted by the tally already


def _prime(book: Book, campaign: Campaign) -> None:
    """Tell a new pacer who is there and which calls are in flight."""
    for agent in book.agents.values():
        if agent.campaign_id == campaign.settings.campaign_id and agent.known_to_pacer:
            campaign.observe(book.now, "agent_login", agent=agent.id)
            if agent.state is AgentState.WRAP_UP:
                campaign.observe(book.now, "agent_wrap_up", agent=agent.id)
    for call in book.calls.values():
        if call.attempt.campaign_id == campaign.settings.campaign_id and not call.one_to_one:
            _prime_call(book, campaign, call.id)


def _prime_call(book: Book, campaign: Campaign, call_id: str) -> None:
    call = book.calls[call_id]
    campaign.observe(book.now, "call_dialed", call=call_id)
    if call.answered_at is None or call.ended_at is not None:
        return
    campaign.observe(book.now, "call_person", call=call_id)
    if call.agent_id is not None and call.connected_at is not None:
        campaign.observe(book.now, "call_connected", call=call_id, agent=call.agent_id)
        campaign.observe(book.now, "agent_talking", call=call_id, agent=call.agent_id)


def law_told(book: Book, event: ev.LawTold) -> None:
    """The law that holds the campaign from now on, at the start with what the record has counted."""
    campaign = the_campaign(book, event.campaign_id)
    settings = campaign.settings
    campaign.tally.hold_to(event.law, settings.abandonment_limit, settings.abandonment_target)
    if event.counted is None:
        tell_terms(book, campaign)
        return
    campaign.tally.begin(event.counted, event.started_at)
    _note_start(book, campaign)
    _open_window(book, campaign)


def outcome_corrected(book: Book, event: ev.OutcomeCorrected) -> None:
    """Count an attempt anew; one that an agent may still dispose of keeps its own count."""
    last_calls = (agent.last_call for agent in book.agents.values())
    call = next((call for call in last_calls if call is not None and call.id == event.attempt_id), None)
    if call is None:
        the_campaign(book, event.campaign_id).tally.add(event.answered_at, event.change)
        return
    call.disposition = event.disposition
    book.count(call)


def day_end_told(book: Book, event: ev.DayEndTold) -> None:
    """Pacing counts on no answers after this time."""
    book.day_end = event.day_end
    for campaign in book.campaigns.values():
        tell_terms(book, campaign)


def trunks_told(book: Book, event: ev.TrunksTold) -> None:
    """Other rules for trunks, from the next call on."""
    for trunk in book.trunks.change_rules(event.rules):
        tell_trunk(book, trunk)


def tell_trunk(book: Book, trunk: str) -> None:
    """A trunk is avoided or used again."""
    seen = book.trunks.view(trunk)
    book.emit(TrunkMoved(trunk, book.now, seen.avoided_since is not None, seen.instead, seen.lost))


def tell_terms(book: Book, campaign: Campaign) -> None:
    """Tell the pacer other bounds in the midst of its window."""
    campaign.pacer.set_terms(terms(campaign.settings, campaign.tally, book.moment, campaign.pacer.opened_at))


def keep_to_law(book: Book, campaign: Campaign) -> None:
    """A new day opens a new window; a standing that is better or worse changes what the pacer aims at."""
    if campaign.tally.day(book.now) != campaign.day:
        _open_window(book, campaign)
    elif campaign.tally.ledger(book.now).aim != campaign.pacer.terms.abandonment_limit:
        tell_terms(book, campaign)


def _open_window(book: Book, campaign: Campaign) -> None:
    """The pacer starts the day's budget, or goes on with what the day has counted."""
    _keep_memory(book, campaign)
    _begin_window(book, campaign)
    campaign.day = campaign.tally.day(book.now)


def _begin_window(book: Book, campaign: Campaign) -> None:
    campaign.pacer.close_window(at=book.now)
    campaign.pacer.open_window(terms(campaign.settings, campaign.tally, book.moment), at=book.now)


def memory_wanted(book: Book, event: ev.MemoryWanted) -> None:
    """Keep what every pacer has learned."""
    _ = event
    for campaign in book.campaigns.values():
        _keep_memory(book, campaign)


def _keep_memory(book: Book, campaign: Campaign) -> None:
    settings = campaign.settings
    if settings.policy in LEARNING:
        book.emit(RecordMemory(settings.campaign_id, book.now, settings.policy, campaign.pacer.memory()))


def the_campaign(book: Book, campaign_id: str) -> Campaign:
    """The campaign with this id, or DialerError."""
    if campaign_id not in book.campaigns:
        raise DialerError(f"There is no campaign {campaign_id!r}.", hint="`dialer campaign list` shows them.")
    return book.campaigns[campaign_id]
