"""Sample leads: made-up people at the numbers of a population."""

from __future__ import annotations

import random
from collections.abc import Iterator

from .errors import TestbedError
from .world import POPULATIONS

HEADER = ("source_id", "last_name", "first_name", "phone", "city")
LAST_NAMES = [
    "Martin",
    "Bernard",
    "Thomas",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Dubois",
    "Moreau",
    "Laurent",
    "Simon",
    "Michel",
    "Lefebvre",
    "Leroy",
    "Roux",
    "David",
    "Bertrand",
    "Morel",
    "Fournier",
    "Girard",
    "Bonnet",
    "Dupont",
    "Lambert",
    "Fontaine",
    "Rousseau",
    "Vincent",
    "Müller",
    "Lefèvre",
    "Faure",
    "André",
    "Mercier",
    "Blanc",
    "Guérin",
    "Boyer",
    "Garnier",
    "Chevalier",
    "François",
    "Legrand",
    "Gauthier",
    "Garcia",
]
FIRST_NAMES = [
    "Marie",
    "Jean",
    "Jeanne",
    "Pierre",
    "Françoise",
    "Michel",
    "Monique",
    "Philippe",
    "Catherine",
    "Alain",
    "Nathalie",
    "Nicolas",
    "Isabelle",
    "Christophe",
    "Sylvie",
    "Patrick",
    "Anne",
    "Daniel",
    "Martine",
    "Bernard",
    "Hélène",
    "Frédéric",
    "Élodie",
    "Sébastien",
    "Zoé",
    "Loïc",
    "Camille",
    "Léa",
    "Hugo",
    "Chloé",
    "Théo",
    "Inès",
    "Noémie",
    "Raphaël",
    "Amélie",
    "Gaël",
    "Maëlle",
    "Jérôme",
    "Benoît",
    "Céline",
]
CITIES = [
    "Paris",
    "Marseille",
    "Lyon",
    "Toulouse",
    "Nice",
    "Nantes",
    "Montpellier",
    "Strasbourg",
    "Bordeaux",
    "Lille",
    "Rennes",
    "Reims",
    "Saint-Étienne",
    "Toulon",
    "Grenoble",
    "Dijon",
    "Angers",
    "Nîmes",
    "Le\xa0Havre",
    "Orléans",
    "Besançon",
    "Mâcon",
    "Épinal",
    "L'Haÿ",
]


def leads(count: int, seed: int, population: str = "natural") -> Iterator[tuple[str, ...]]:
    """``count`` people with distinct numbers (national form): up to 10,000 natural, 30,000 fast."""
    numbers = [f"{prefix}{last:04d}" for prefix in POPULATIONS[population] for last in range(10_000)]
    if not 0 < count <= len(numbers):
        raise TestbedError(f"The {population} population has {len(numbers)} numbers, not {count}.")
    draw = random.Random(seed)  # noqa: S311  sample data
    # whole ranges before others: the last one is a mobile range that some number libraries refuse
    size = -(-count // 10_000) * 10_000
    for index, number in enumerate(draw.sample(numbers[:size], count), 1):
        city = draw.choice(CITIES).replace("\xa0", " ")
        yield f"L{index:05d}", draw.choice(LAST_NAMES), draw.choice(FIRST_NAMES), number, city
