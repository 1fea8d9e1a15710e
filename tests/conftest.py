"""How the tests run: hypothesis profiles, where the real data may lie, and what garbage is looked for."""

import gc
import os
from pathlib import Path

import pytest
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

collect_ignore_glob = ["examples/*.py"]  # scripts, which test_worked_examples.py runs

SITE = ("tests/zoo/test_browser.py", "tests/zoo/test_site.py")

_BESIDE = Path(__file__).parents[2] / "shared" / "data"
if "RCZOO_DATA" not in os.environ and _BESIDE.is_dir():
    os.environ["RCZOO_DATA"] = str(_BESIDE)


def pytest_collection_finish():
    """What was imported lasts as long as the tests: no collection of garbage goes through it (.4 s each)."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    """Slow tests come first, so that no worker ends with one while the others have nothing left to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker has all that needs the site, and begins with it: others would wait until it is built."""
    if config.option.dist != "load":  # what is meant where nothing is said
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "site" if nodeid.startswith(SITE) else nodeid

    return Scheduler(config, log)
