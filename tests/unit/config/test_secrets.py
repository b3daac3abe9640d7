"""Secrets come from files that nobody else can read, or from systemd's credentials."""

from pathlib import Path

import pytest

from dialer.config_file import SecretError, load, read_secret


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def write(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_relative_secret_lies_beside_the_config_file(tmp_path: Path) -> None:
    write(tmp_path / "ami.secret", "s3cret\n")
    write(tmp_path / "dialer.toml", "")

    assert load(tmp_path / "dialer.toml").ami_secret() == "s3cret"


def test_an_absolute_secret_is_read_where_it_is(tmp_path: Path) -> None:
    assert read_secret(write(tmp_path / "s", "x\n"), Path("/nowhere")) == "x"


def test_a_systemd_credential_of_that_name_stands_above_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    write(credentials / "ami.secret", "from systemd\n", 0o400)
    write(tmp_path / "ami.secret", "from the folder\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))

    assert read_secret(Path("ami.secret"), tmp_path) == "from systemd"


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o620, 0o601, 0o666])
def test_a_secret_open_to_others_is_refused_with_what_to_type(tmp_path: Path, mode: int) -> None:
    file = write(tmp_path / "s", "x\n", mode)

    with pytest.raises(SecretError, match=f"chmod 600 {file}"):
        read_secret(Path("s"), tmp_path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_secret_for_the_owner_and_readers_of_the_group_is_taken(tmp_path: Path, mode: int) -> None:
    write(tmp_path / "s", "x\n", mode)

    assert read_secret(Path("s"), tmp_path) == "x"


@pytest.mark.parametrize("text", ["", "\n", "a\nb\n", "a\r\nb", "a\tb", "\0", "x" * 257])
def test_a_secret_must_be_one_line(tmp_path: Path, text: str) -> None:
    write(tmp_path / "s", text)

    with pytest.raises(SecretError, match="one line") as caught:
        read_secret(Path("s"), tmp_path)

    assert "xxx" not in str(caught.value)


def test_a_missing_secret_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="openssl rand"):
        read_secret(Path("s"), tmp_path)


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretError):
        read_secret(Path(), tmp_path)
