"""Where the called person is: territories, time zones and regions, from the number and the postcode.

A number says little and a postcode says where: both are asked, and when they differ the person may be in either place,
so both zones count (the windows' intersection) and both places' holidays.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dialer.rules import us_places
from dialer.rules.zones import country_zones

FRENCH_ZONES: Final[dict[str, tuple[str, ...]]] = {
    "FR": ("Europe/Paris",),
    "RE": ("Indian/Reunion",),
    "YT": ("Indian/Mayotte",),
    "GP": ("America/Guadeloupe",),
    "MF": ("America/Guadeloupe",),
    "BL": ("America/Guadeloupe",),
    "GF": ("America/Cayenne",),
    "MQ": ("America/Martinique",),
    "PM": ("America/Miquelon",),
    "NC": ("Pacific/Noumea",),
    "PF": ("Pacific/Tahiti", "Pacific/Marquesas", "Pacific/Gambier"),
    "WF": ("Pacific/Wallis",),
}
_PREFIXES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("+262269", ("YT",)),
    ("+262639", ("YT",)),
    ("+2629478", ("YT",)),
    ("+2622689", ("YT", "RE")),
    ("+262", ("RE",)),
    ("+590", ("GP", "MF", "BL")),
    ("+594", ("GF",)),
    ("+596", ("MQ",)),
    ("+508", ("PM",)),
    ("+687", ("NC",)),
    ("+689", ("PF",)),
    ("+681", ("WF",)),
)
_LENGTHS: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(("+262", "+590", "+594", "+596"), (13,)),
    **dict.fromkeys(("+508", "+687"), (10,)),
    **dict.fromkeys(("+689", "+681"), (10, 12)),
}
_POSTCODES: Final[dict[str, tuple[str, ...]]] = {
    "971": ("GP",),
    "972": ("MQ",),
    "973": ("GF",),
    "974": ("RE",),
    "975": ("PM",),
    "976": ("YT",),
    "977": ("BL",),
    "978": ("MF",),
    "986": ("WF",),
    "987": ("PF",),
    "988": ("NC",),
    "97133": ("BL",),
    "97150": ("MF",),
}
_ALSACE_MOSELLE: Final = frozenset({"57", "67", "68"})
_SPANISH_ISLANDS: Final = ("Atlantic/Canary",)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a person may be: every zone, country, territory's region and US state that cannot be excluded.

    ``zones[0]`` is the likeliest: times are shown in it. ``problem`` says why nothing is known (no zones).
    Made by :func:`place`, equal ones are one object: what is worked out for a place is remembered by it.
    """

    zones: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    country: str = ""
    problem: str | None = None

    @property
    def known(self) -> bool:
        """Whether at least one time zone is known."""
        return bool(self.zones)


@lru_cache(maxsize=16_384)
def place(
    zones: tuple[str, ...] = (),
    countries: frozenset[str] = frozenset(),
    regions: frozenset[str] = frozenset(),
    states: frozenset[str] = frozenset(),
    country: str = "",
    problem: str | None = None,
) -> Place:
    """Return the place with these facts."""
    return Place(zones, countries, regions, states, country, problem)


def locate(number: str, postcode: str | None, postcode_country: str | None = None) -> Place:
    """Return where the owner of an E.164 ``number`` with this ``postcode`` may be.

    ``postcode_country`` (ISO 3166) says whose postcodes they are; by default those of the number's country.
    """
    digits = number[1:]
    if number[:1] != "+" or not (digits.isdecimal() and digits.isascii() and 7 <= len(digits) <= 15):
        return place(problem=f"the number is not E.164 ({len(number)} characters)")
    by_number = _from_number(number)
    if by_number.problem:
        return by_number
    by_postcode = of_postcode(postcode, postcode_country or by_number.country)
    if not by_postcode.known:
        return by_number
    if number.startswith(("+336", "+337")):
        return by_postcode  # a French mobile says nothing: the address alone counts
    return _both(by_postcode, by_number)


@lru_cache(maxsize=16_384)
def _both(address: Place, prefix: Place) -> Place:
    # +590 alone may be one of three islands; an address on one of them settles which.
    settled = address.regions & prefix.regions
    return place(
        zones=tuple(dict.fromkeys(address.zones + prefix.zones)),
        countries=address.countries | prefix.countries,
        regions=address.regions | (frozenset() if settled else prefix.regions),
        states=address.states | prefix.states,
        country=prefix.country,
    )


def _from_number(number: str) -> Place:
    if number.startswith("+33"):
        if len(number) != 12 or number[3] == "0":
            return place(problem="a French number has nine digits after +33, the first not 0")
        return _french(("FR",))
    for prefix, territories in _PREFIXES:
        if number.startswith(prefix):
            if len(number) not in _LENGTHS[prefix[:4]]:
                return place(problem="the number's length is not that of its territory")
            return _french(territories)
    return _foreign(number)


@lru_cache(maxsize=64)
def _french(territories: tuple[str, ...]) -> Place:
    zones = tuple(dict.fromkeys(z for t in territories for z in FRENCH_ZONES[t]))
    return place(zones, frozenset({"FR"}), frozenset(territories), country="FR")


@lru_cache(maxsize=16_384)
def _foreign(number: str) -> Place:
    import phonenumbers
    from phonenumbers import timezone

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException as error:
        return place(problem=f"no country has this number ({error})")
    country = phonenumbers.region_code_for_number(parsed)
    code = parsed.country_code or 0
    if not phonenumbers.is_possible_number(parsed):
        return place(problem="the number's length is not possible in its country")
    if country in (None, "001"):
        country = phonenumbers.region_code_for_country_code(code)
    zones = country_zones().get(country, ())
    if len(zones) > 1:
        # phonenumbers names zones by today's offset (Morocco is "Atlantic/Canary"): keep the country's own names only.
        named = tuple(z for z in timezone.time_zones_for_number(parsed) if z in zones)
        zones = named or zones
    states = us_places.states_of_number(number) if country == "US" else frozenset()
    if not zones:
        return place(problem=f"no time zone is known for {country or 'this number'}")
    return place(zones, frozenset({country}), states=states, country=country)


@lru_cache(maxsize=131_072)
def of_postcode(postcode: str | None, country: str | None) -> Place:
    """Return where a country's postcode lies; nothing is known for an unreadable one or an unlisted country."""
    code = (postcode or "").strip().replace(" ", "")
    if country == "FR":
        return _from_french_postcode(code)
    if country == "US":
        states, zones = us_places.of_zip(code)
        return place(zones, frozenset({"US"}), states=states, country="US") if states else place()
    if country == "ES" and len(code) == 5 and code.isdecimal():
        zones = _SPANISH_ISLANDS if code[:2] in {"35", "38"} else ("Europe/Madrid",)
        return place(zones, frozenset({"ES"}), country="ES")
    return place()


def _from_french_postcode(code: str) -> Place:
    if not code.isdecimal() or len(code) not in (4, 5):
        return place()
    code = code.zfill(5)  # a spreadsheet eats the first zero of the Ain and eight other departments
    territories = _POSTCODES.get(code) or _POSTCODES.get(code[:3])
    if territories:
        return _french(territories)
    if not "01" <= code[:2] <= "95":
        return place()
    metropole = _french(("FR",))
    if code[:2] in _ALSACE_MOSELLE:
        return place(
            metropole.zones,
            metropole.countries,
            metropole.regions | {"alsace-moselle"},
            country="FR",
        )
    return metropole
