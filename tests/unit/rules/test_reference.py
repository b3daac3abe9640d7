"""The reference page is written from the presets."""

from pathlib import Path

from dialer.rules import load_preset, preset_names
from dialer.rules.engine import KINDS
from dialer.rules.reference import render

PAGE = Path(__file__).parents[3] / "docs/reference/rules.md"


def test_the_reference_page_is_that_of_the_presets() -> None:
    """Stale? Run ``python -m dialer.rules.reference > docs/reference/rules.md``."""
    assert PAGE.read_text("utf-8") == render()


def test_every_rule_is_on_the_page_and_every_kind_has_its_check() -> None:
    """A kind that no check knows would be a rule that is never asked."""
    page = render()
    for name in preset_names():
        for rule in load_preset(name).rules:
            assert f"`{rule.name}`" in page
            assert rule.kind in {*KINDS, "duty", "abandon"}, rule.name
