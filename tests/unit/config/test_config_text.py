"""The shipped config file and its reference page know every key."""

import re
import tomllib
from pathlib import Path

import pytest

from dialer.cli.config_text import check_known, render_toml, sections, to_toml
from dialer.cli.reference import PAGES
from dialer.config import Config
from dialer.config_file import ConfigError, parse

ROOT = Path(__file__).parents[3]
KEYS = [(name, key) for name, model in sections() for key in model.model_fields]


@pytest.mark.parametrize("page", PAGES)
def test_the_written_page_is_what_the_code_says(page: str) -> None:
    written = (ROOT / page).read_text(encoding="utf-8")

    assert written == PAGES[page](), "run: python -m dialer.cli.reference"


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_is_explained_in_the_shipped_file_and_in_the_reference(section: str, key: str) -> None:
    shipped = (ROOT / "config/dialer.toml").read_text(encoding="utf-8")
    reference = (ROOT / "docs/reference/config.md").read_text(encoding="utf-8")
    table = shipped.split(f"\n[{section}]\n")[1].split("\n[")[0]

    assert re.search(rf"# .+\n#{key} = ", table)
    assert f"| `{key}` |" in reference.split(f"## [{section}]")[1].split("\n## ")[0]


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_is_described_in_a_sentence(section: str, key: str) -> None:
    description = dict(sections())[section].model_fields[key].description

    assert description
    assert description.endswith((".", ":"))


def test_the_shipped_file_as_it_is_gives_the_defaults() -> None:
    assert parse(render_toml(), Path("/etc/dialer/dialer.toml")).config == Config()


def test_the_shipped_file_with_every_key_taken_out_of_its_comment_is_valid_and_complete() -> None:
    text = re.sub(r"^#(\w+ = )", r"\1", render_toml(), flags=re.MULTILINE)

    loaded = parse(text, Path("/etc/dialer/dialer.toml"))

    assert set(loaded.sources) >= set(KEYS)
    assert {(name, key) for name, keys in tomllib.loads(text).items() for key in keys} == set(KEYS)


def test_chosen_values_are_written_and_read_back() -> None:
    values = {("ami", "port"): 5039, ("daemon", "control_mode"): 0o600, ("dialing", "trunk"): 'car"rier'[:3]}

    config = parse(render_toml(values), Path("/x/dialer.toml")).config

    assert (config.ami.port, config.daemon.control_mode, config.dialing.trunk) == (5039, 0o600, "car")


def test_an_unknown_chosen_key_is_not_dropped_in_silence() -> None:
    with pytest.raises(ConfigError, match=r"\[ami\] prot"):
        check_known({("ami", "prot"): 1})


@pytest.mark.parametrize("value", ["", 'a"b', "é", "a\\b", "a\nb"])
def test_text_survives_the_writing(value: str) -> None:
    assert tomllib.loads(f"x = {to_toml(value)}")["x"] == value
