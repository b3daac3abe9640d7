"""A picture of occupancy against abandonment, as PNG or SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dialer.errors import DialerError

KINDS: Final = (".png", ".svg")


class PictureError(DialerError):
    """No picture can be made."""

    code = "invalid"


@dataclass(frozen=True, slots=True)
class Point:
    """One policy with one team under one limit; shares of 1."""

    policy: str
    agents: int
    limit: float
    abandonment: float
    occupancy: float


def expect_possible(path: Path) -> None:
    """Raise PictureError before any work is done for a picture that cannot be made."""
    if path.suffix.lower() not in KINDS:
        raise PictureError(f"{path} is neither a .png nor an .svg.", hint="Name the picture FILE.png or FILE.svg.")
    if not path.parent.is_dir():
        raise PictureError(f"There is no folder {path.parent} for the picture.")
    _pyplot()


def draw(points: Sequence[Point], path: Path) -> None:
    """Write the picture. Raises PictureError when it cannot be written or matplotlib is missing."""
    figure, axes = _pyplot().subplots(figsize=(8, 5), layout="constrained")
    for policy in dict.fromkeys(point.policy for point in points):
        mine = [point for point in points if point.policy == policy]
        across, up = [100 * p.abandonment for p in mine], [100 * p.occupancy for p in mine]
        axes.plot(across, up, "o", label=policy)
        for point, x, y in zip(mine, across, up, strict=True):
            axes.annotate(f"{point.agents}", (x, y), xytext=(4, 4), textcoords="offset points", fontsize=8)
    for limit in sorted({point.limit for point in points}):
        axes.axvline(100 * limit, color="0.6", linestyle="--", linewidth=1)
    axes.set(xlabel="abandoned, % of live answers (dashed: the limit)", ylabel="occupancy, %")
    axes.set_title("Occupancy against abandonment; the number is the team's agents")
    axes.set_xlim(left=min(-0.05, axes.get_xlim()[0]))
    axes.grid(visible=True, color="0.92")
    axes.legend()
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise PictureError(f"The picture {path} cannot be written: {error.strerror}.") from error


def _pyplot() -> Any:  # noqa: ANN401 - matplotlib has no types here
    try:
        import matplotlib as mpl
    except ImportError as error:
        hint = "Install it: pip install 'dialerd[pictures]'"
        raise PictureError("A picture needs matplotlib, which is not installed.", hint=hint) from error
    mpl.use("Agg")  # no window: servers have no screen
    import matplotlib.pyplot as plt

    return plt
