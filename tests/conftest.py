"""How the tests run: hypothesis profiles, where the real data may lie, and what garbage is looked for."""

import gc
import os
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", max_examples=30, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.register_profile(  # for mutation testing: many runs, of which only the verdict counts
    "mutation",
    settings.get_profile("ci"),
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    database=None,
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

_BESIDE = Path(__file__).parents[2] / "shared" / "data"
if "RCZOO_DATA" not in os.environ and _BESIDE.is_dir():
    os.environ["RCZOO_DATA"] = str(_BESIDE)


def pytest_collection_finish():
    """What was imported lasts as long as the tests: no collection of garbage goes through it (.4 s each)."""
    gc.collect()
    gc.freeze()
