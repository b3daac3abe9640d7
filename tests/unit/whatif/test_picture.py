"""The picture: PNG or SVG with every policy in it, and a clear word where it cannot be made."""

import sys
from pathlib import Path

import pytest

from dialer.whatif.picture import PictureError, Point, draw, expect_possible

POINTS = [Point("auto", 20, 0.03, 0.029, 0.88), Point("progressive", 20, 0.03, 0.0, 0.65)]


def test_an_svg_names_every_policy(tmp_path: Path) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):
        draw(POINTS, tmp_path / "a.svg")
    drawn = (tmp_path / "a.svg").read_text()
    assert "auto" in drawn
    assert "progressive" in drawn


def test_a_png_is_one(tmp_path: Path) -> None:
    draw(POINTS, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["a.jpg", "a", "nowhere/a.png"])
def test_a_picture_that_cannot_be_made_is_refused_before_any_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError):
        expect_possible(tmp_path / name)


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PictureError, match=r"pip install 'dialerd\[pictures\]'"):
        expect_possible(tmp_path / "a.png")
