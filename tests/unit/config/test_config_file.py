"""Reading the configuration: values, places, and an error for every fault that tells what, where and what to do."""

from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from dialer.config_file import ConfigError, find_path, load, parse

HERE = Path("/etc/dialer/dialer.toml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, HERE)
    return caught.value.problems


def test_an_empty_file_gives_the_defaults() -> None:
    config = parse("", HERE).config

    assert config.ami.port == 5038
    assert config.store_path == Path("/var/lib/dialer/dialer.db")
    assert config.control_path == Path("/run/dialer/control.sock")
    assert config.agents_path == Path("/run/dialer/agents.sock")


def test_relative_folders_start_beside_the_config_file() -> None:
    config = parse('[daemon]\nstate_dir = "state"\nrun_dir = "/run/x"\n', Path("/srv/dialer/dialer.toml")).config

    assert config.store_path == Path("/srv/dialer/state/dialer.db")
    assert config.control_path == Path("/run/x/control.sock")


def test_an_unknown_key_is_refused_with_file_line_section_and_the_nearest_name() -> None:
    assert problems("[ami]\nhost = '::1'\nprot = 1\n") == [
        "/etc/dialer/dialer.toml:3: [ami] prot: there is no such key; did you mean port."
    ]


def test_a_key_of_another_section_is_sent_home() -> None:
    (problem,) = problems("[ami]\nring_timeout_s = 20.0\n")

    assert "it belongs into [dialing] or [agents]" in problem


def test_an_unknown_section_is_refused_with_the_nearest_name() -> None:
    assert "did you mean store" in problems("[stores]\npath = 'x'\n")[0]


def test_a_key_outside_any_section_is_sent_into_one() -> None:
    assert "it belongs into [dialing]" in problems("trunk = 'carrier'\n")[0]


def test_a_value_out_of_bounds_is_refused_with_its_value_and_meaning() -> None:
    (problem,) = problems("[ami]\nport = 99999\n")

    assert problem.startswith("/etc/dialer/dialer.toml:2: [ami] port = 99999:")
    assert "65535" in problem
    assert "TCP port of AMI" in problem


@pytest.mark.parametrize(
    "text",
    [
        '[ami]\nport = "5038"\n',
        "[ami]\ntls = 1\n",
        "[ami]\nport = true\n",
        "[dialing]\nring_timeout_s = nan\n",
        "[dialing]\nring_timeout_s = inf\n",
        '[dialing]\ncaller_id = "0142000000"\n',
        '[dialing]\ntrunk = "a/b"\n',
        '[dialing]\nlanguage = "de"\n',
        "[daemon]\ncontrol_mode = 0o666\n",
        "ami = 3\n",
        "[[ami]]\nport = 1\n",
    ],
)
def test_a_value_of_another_kind_is_refused(text: str) -> None:
    assert len(problems(text)) == 1


def test_every_fault_is_told_at_once() -> None:
    assert len(problems("[ami]\nport = 0\nhots = 'x'\n[log]\nlevel = 'loud'\n")) == 3


@pytest.mark.parametrize("key", ["secret", "password", "ami_secret", "api_token"])
def test_an_inline_secret_is_refused_without_repeating_it(key: str) -> None:
    (problem,) = problems(f'[ami]\n{key} = "hunter2"\n')

    assert "secret_file" in problem
    assert "hunter2" not in problem


def test_later_files_of_conf_d_stand_above_earlier_ones_and_are_named_as_source(tmp_path: Path) -> None:
    main = tmp_path / "dialer.toml"
    main.write_text("[ami]\nport = 1\nhost = 'a'\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "20.toml").write_text("[ami]\nport = 3\n")
    (tmp_path / "conf.d" / "10.toml").write_text("\n[ami]\nport = 2\n")

    loaded = load(main)

    assert (loaded.config.ami.port, loaded.config.ami.host) == (3, "a")
    assert loaded.sources["ami", "port"] == f"{tmp_path}/conf.d/20.toml:2"
    assert loaded.sources["ami", "host"] == f"{main}:3"
    assert ("ami", "user") not in loaded.sources


def test_the_config_file_is_the_option_then_the_environment_then_etc(tmp_path: Path) -> None:
    assert find_path(tmp_path, {"DIALER_CONFIG": "/x"}) == tmp_path
    assert find_path(None, {"DIALER_CONFIG": "/x"}) == Path("/x")
    assert find_path(None, {}) == Path("/etc/dialer/dialer.toml")


def test_a_missing_file_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file\. Type `dialer init`"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[ami\n", b"x" * 1_000_001, b"a = 1\na = 2\n"])
def test_what_is_no_toml_is_refused_with_the_files_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "dialer.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load(file)

    assert caught.value.problems[0].startswith(str(file))


@given(st.text(max_size=200))
def test_no_text_does_anything_but_load_or_be_refused(text: str) -> None:
    try:
        parse(text, HERE)
    except ConfigError:
        event("refused")


@given(
    section=st.sampled_from(["daemon", "ami", "fastagi", "store", "dialing", "agents", "log", "x"]),
    key=st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
    value=st.sampled_from(["1", "-1", "1e999", '"x"', "[]", "{}", "true", "2026-01-01", '"\\u0000"']),
)
def test_no_key_and_value_do_anything_but_load_or_be_refused(section: str, key: str, value: str) -> None:
    try:
        parse(f"[{section}]\n{key} = {value}\n", HERE)
    except ConfigError:
        event("refused")


@pytest.mark.parametrize("more", ["user = 'dialer'", "tls = false\nuser = 'dialer'"])
def test_a_password_goes_to_another_machine_over_tls_alone(more: str) -> None:
    (problem,) = problems(f"[mqtt]\nhost = 'broker.example'\n{more}\n")

    assert problem.startswith("/etc/dialer/dialer.toml:")
    assert "[mqtt] tls = False:" in problem
    assert "password" in problem


@pytest.mark.parametrize(
    "settings", ["host = 'broker.example'\nuser = 'dialer'\ntls = true", "user = 'dialer'", "host = 'broker.example'"]
)
def test_a_broker_that_is_told_no_password_or_is_safe_to_tell_is_accepted(settings: str) -> None:
    parse(f"[mqtt]\n{settings}\n", HERE)
