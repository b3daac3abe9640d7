"""The policies by name."""

from typing import Final

from pacing.auto import Auto
from pacing.baselines.fixed import Boost, Ratio
from pacing.baselines.gaussian import Gaussian
from pacing.baselines.issabel import Issabel
from pacing.baselines.vicidial import Vicidial
from pacing.pacer import Pacer
from pacing.predictive import Predictive
from pacing.preview import Preview
from pacing.progressive import Progressive

POLICIES: Final[dict[str, type[Pacer]]] = {
    policy.policy: policy
    for policy in (
        Progressive,
        Predictive,
        Auto,
        Preview,
        Ratio,
        Boost,
        Vicidial,
        Issabel,
        Gaussian,
    )
}
