"""What people type to back up and to restore."""

from pathlib import Path

from tests.unit.cli.conftest import Dialer
from tests.unit.control.live_services import LiveServices


def test_a_backup_is_made_listed_and_proven(campaign: Dialer, daemon: LiveServices) -> None:
    assert "There is no backup in" in campaign.ok("backup", "--list")
    made = campaign.json("backup")
    assert made["rows"]["campaigns"] == 1
    assert campaign.json("backup", "--list")["backups"][0]["file"] == made["file"]
    assert made["file"] in campaign.ok("backup", "--list")
    assert "is sound: schema" in campaign.ok("restore", "--check", made["file"])


def test_a_restore_under_a_running_daemon_is_refused(campaign: Dialer, daemon: LiveServices) -> None:
    made = campaign.json("backup")
    assert "in use by process" in campaign.fails(1, "restore", made["file"])


def test_a_restore_says_what_became_of_the_old_store(campaign: Dialer) -> None:
    made = campaign.json("backup")
    campaign.ok("campaign", "create", "winter")
    told = campaign.ok("restore", made["file"])
    assert "The old store is kept as" in told
    assert "Taken over from it: 0 wishes not to be called, 0 consents and withdrawals." in told
    assert [each["campaign_id"] for each in campaign.json("campaign", "list")["campaigns"]] == ["summer"]


def test_what_is_no_backup_is_refused(dialer: Dialer, tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("dear aunt" * 1000)
    assert "no store of the dialer" in dialer.fails(1, "restore", str(tmp_path / "letter.db"))
    assert "There is no backup" in dialer.fails(1, "restore", str(tmp_path / "nothing.db"))
