"""Examples of the real tasks, or a skip that says why there are none."""

import pytest

from rczoo.data.task import load_task

NEEDING_FILES = ["abf1", "cbf1", "cin5", "fkh1", "gcn4", "ino2", "joint", "mcm1", "rap1", "reb1", "yeast-tss"]
NEEDING_FILES += [*(f"gue-tf{i}" for i in range(5)), "ctcf-100", "myc", "yeast-factors"]
ALIKE = ["spi1-100", "arid3a", "ctcfl", "elk1", "foxa1", "gabpa", "rest", "sp1", "usf1", "zbtb7a"]
"""Tasks whose files are as those of ctcf-100 or of myc: what holds for these holds for them."""
GENERATED = ["sim-200", "sim-1000"]
REACHABLE = [*GENERATED, *NEEDING_FILES]
PAPER = ["ctcf", "max", "spi1", "oct4", "sox2", "nanog", "klf4"]


def real_task(name):
    """The task, its files fetched; skips when there is neither a mirror nor a network."""
    task = load_task(name)
    try:
        for file in task.file_names():
            task.path(file)
    except ConnectionError as error:
        pytest.skip(f"no mirror and no network: {error}")
    return task
