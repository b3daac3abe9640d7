"""Alerts about the daemon, its machine and Asterisk."""

from collections.abc import Iterator

from dialer.alerts.facts import Facts
from dialer.alerts.words import Reading, Severity, Step, alert
from dialer.config_telling import Alerts
from dialer.control.status import LinkStatus, MqttStatus

DAY_S = 86_400.0


@alert(
    "s",
    en=(
        "Asterisk has been out of reach for {value:.0f} s: {why}. Nothing is dialed.",
        "Is it running? `systemctl status asterisk`, then `dialer doctor`. Talks go on in Asterisk meanwhile.",
    ),
    fr=(
        "Asterisk est injoignable depuis {value:.0f} s : {why}. Rien n'est appelé.",
        "Tourne-t-il ? `systemctl status asterisk`, puis `dialer doctor`. Les conversations continuent.",
    ),
)
def ami_lost(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The AMI link to Asterisk is down."""
    yield from _out_of_reach(facts, facts.status.link, Step(settings.link_down_s, Severity.CRITICAL))


@alert(
    "s",
    en=(
        "Answered calls do not reach the daemon over FastAGI since {value:.0f} s. Nothing is dialed.",
        "DIALER_FASTAGI of the dialplan must name the [fastagi] host and port; `dialer doctor` says more.",
    ),
    fr=(
        "Les appels décrochés n'atteignent plus le démon par FastAGI depuis {value:.0f} s. Rien n'est appelé.",
        "DIALER_FASTAGI du dialplan doit désigner l'hôte et le port [fastagi] ; `dialer doctor` en dit plus.",
    ),
)
def fastagi_failing(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """An answered call did not reach the daemon, and none has since."""
    _ = settings
    if not facts.machine.route_up:
        value = facts.at - facts.machine.route_since
        yield Reading(value=value, steps=(Step(0.0, Severity.CRITICAL),), hold_s=0.0)


@alert(
    "s",
    en=(
        "The MQTT broker has been out of reach for {value:.0f} s: {why}. What is told over MQTT waits; calls go on.",
        "Is it running, and is [mqtt] right? `systemctl status mosquitto`; `dialer alerts list` works without it.",
    ),
    fr=(
        "Le broker MQTT est injoignable depuis {value:.0f} s : {why}. Ce qui s'y dit attend ; les appels continuent.",
        "Tourne-t-il, [mqtt] est-il juste ? `systemctl status mosquitto` ; `dialer alerts list` marche sans lui.",
    ),
)
def mqtt_down(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The MQTT broker is out of reach, or refuses the dialer."""
    if facts.status.mqtt is not None:
        yield from _out_of_reach(facts, facts.status.mqtt, Step(settings.mqtt_down_s, Severity.WARNING))


def _out_of_reach(facts: Facts, link: LinkStatus | MqttStatus, step: Step) -> Iterator[Reading]:
    """How long a connection of ours has been down, and why."""
    if not link.up:
        why = link.why.rstrip(".") or "not reached yet"
        yield Reading(value=facts.at - link.since, steps=(step,), hold_s=0.0, words={"why": why})


@alert(
    "ms",
    en=(
        "The daemon answers {value:.0f} ms late.",
        "Look at the machine's load (top); exports and imports belong into quiet hours.",
    ),
    fr=(
        "Le démon répond avec {value:.0f} ms de retard.",
        "Regardez la charge de la machine (top) ; exports et imports se font aux heures creuses.",
    ),
)
def event_loop_lag(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The daemon's own tasks run later than they should."""
    yield Reading(value=1000 * facts.machine.loop_lag_s, steps=(Step(settings.loop_lag_ms, Severity.WARNING),))


@alert(
    "events",
    en=(
        "{value:.0f} events of Asterisk wait to be handled.",
        "Is the event filter of manager_dialer.conf in place? Look at the machine's load.",
    ),
    fr=(
        "{value:.0f} événements d'Asterisk attendent d'être traités.",
        "Le filtre d'événements de manager_dialer.conf est-il en place ? Regardez la charge de la machine.",
    ),
)
def ami_backlog(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """Events of Asterisk queue up in front of the floor."""
    yield Reading(value=facts.machine.ami_backlog, steps=(Step(settings.ami_backlog, Severity.WARNING),))


@alert(
    "ms",
    en=(
        "A write to the store took {value:.0f} ms{unwell}.",
        "Look at the disk of the store (iostat, df). While it cannot be written nothing is dialed.",
    ),
    fr=(
        "Une écriture en base a pris {value:.0f} ms{unwell}.",
        "Regardez le disque de la base (iostat, df). Tant qu'elle ne s'écrit pas, rien n'est appelé.",
    ),
)
def store_slow(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """Writing to the store is slow, or fails (critical)."""
    machine = facts.machine
    if machine.store_write_s is None and machine.store_healthy:
        return
    steps = Step(settings.store_slow_ms, Severity.WARNING), Step(60_000.0, Severity.CRITICAL)
    value = 1000 * (machine.store_write_s or 0.0)
    if machine.store_healthy:
        yield Reading(value=value, steps=steps, words={"unwell": ""})
    else:
        yield Reading(value=max(value, 60_000.0), steps=steps, hold_s=0.0, words={"unwell": " (KO)"})


@alert(
    "days",
    en=(
        (
            "The store's disk has {free_mb:.0f} MB free; at today's growth it has less than the {least_mb:.0f} MB that"
            " must stay free in {value:.1f} days."
        ),
        "Free space or enlarge the disk (`du -xh / | sort -h | tail`); without space nothing is dialed.",
    ),
    fr=(
        (
            "Le disque de la base a {free_mb:.0f} Mo libres ; au rythme du jour il en aura moins que les"
            " {least_mb:.0f} Mo à garder libres dans {value:.1f} jours."
        ),
        "Libérez de la place ou agrandissez le disque (`du -xh / | sort -h | tail`) ; sans place, rien n'est appelé.",
    ),
)
def disk_full_soon(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The store's disk has less than [store] min_free_mb free within the bound, at today's growth; critical in a day.

    Growth is what the store grew by or what the disk lost in the last day, whichever is more.
    """
    machine = facts.machine
    if machine.disk_free_bytes is None:
        return
    spare = max(0, machine.disk_free_bytes - machine.disk_least_bytes)
    if machine.growth_bytes_a_day or not spare:
        yield Reading(
            value=spare / machine.growth_bytes_a_day if machine.growth_bytes_a_day else 0.0,
            steps=(Step(settings.disk_days, Severity.WARNING), Step(min(1.0, settings.disk_days), Severity.CRITICAL)),
            falling=True,
            words={"free_mb": machine.disk_free_bytes / 1e6, "least_mb": machine.disk_least_bytes / 1e6},
        )


@alert(
    "s",
    en=(
        "The wall's clock is {offset:+.2f} s off the daemon's. From 1 s on nothing is dialed.",
        "Set the clock right (`timedatectl`, `chronyc tracking`), then `systemctl restart dialerd`.",
    ),
    fr=(
        "L'horloge de la machine s'écarte de {offset:+.2f} s de celle du démon. Dès 1 s, rien n'est appelé.",
        "Remettez l'horloge à l'heure (`timedatectl`, `chronyc tracking`), puis `systemctl restart dialerd`.",
    ),
)
def clock_off(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The wall's clock moved against the daemon's own; calling windows end on the second."""
    offset = facts.machine.clock_offset_s
    steps = Step(settings.clock_off_s, Severity.WARNING), Step(max(1.0, settings.clock_off_s), Severity.CRITICAL)
    yield Reading(value=abs(offset), steps=steps, words={"offset": offset})


@alert(
    "days",
    en=(
        "The time zone rules ({version}) are {value:.0f} days old.",
        "`pip install --upgrade tzdata` in the dialer's environment: calling hours depend on it.",
    ),
    fr=(
        "Les règles de fuseaux horaires ({version}) ont {value:.0f} jours.",
        "`pip install --upgrade tzdata` dans l'environnement du dialer : les heures d'appel en dépendent.",
    ),
)
def tzdata_old(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The time zone rules are older than the bound."""
    if facts.machine.tzdata_days is not None:
        words = {"version": facts.machine.tzdata}
        yield Reading(value=facts.machine.tzdata_days, steps=(Step(settings.tzdata_days, Severity.INFO),), words=words)


@alert(
    "days",
    en=(
        "The certificate {subject} ends in {value:.0f} days.",
        "Renew it; without it the connection is refused from then on.",
    ),
    fr=(
        "Le certificat {subject} expire dans {value:.0f} jours.",
        "Renouvelez-le ; sans lui, la connexion sera refusée.",
    ),
)
def certificate_ending(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """A certificate that the daemon uses or met ends within the bound; critical within two days."""
    steps = (
        Step(settings.certificate_days, Severity.WARNING),
        Step(min(2.0, settings.certificate_days), Severity.CRITICAL),
    )
    for name, ends_at in facts.machine.certificates.items():
        yield Reading(subject=name, value=(ends_at - facts.at) / DAY_S, steps=steps, falling=True)


@alert(
    "h",
    en=(
        "The last good backup is {value:.0f} hours old.",
        "`systemctl status dialerd-backup.timer`, then `dialer backup`.",
    ),
    fr=(
        "La dernière bonne sauvegarde date de {value:.0f} heures.",
        "`systemctl status dialerd-backup.timer`, puis `dialer backup`.",
    ),
)
def backup_old(facts: Facts, settings: Alerts) -> Iterator[Reading]:
    """The last good backup is older than the bound."""
    if facts.machine.backup_at is not None:
        hours = (facts.at - facts.machine.backup_at) / 3600
        yield Reading(value=hours, steps=(Step(settings.backup_age_h, Severity.WARNING),))
