"""Interleaved pairs through pytest-benchmark, and the table they make: ``--results`` rewrites RESULTS.md."""

import platform
import statistics
import time
from pathlib import Path

import pytest
import torch

PAIRS = 15
RESULTS = Path(__file__).with_name("RESULTS.md")
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
rows = []


def pytest_addoption(parser):
    parser.addoption(
        "--results", action="store_true", help="rewrite the table in tests/benchmarks/RESULTS.md"
    )


@pytest.fixture(autouse=True)
def one_core():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def compare(benchmark):
    """Time ``ours`` after each run of ``other``; record the median ratio of the pairs beside its target."""

    def run(what, ours, other, target=None):
        others, cpu = [], {ours: [], other: []}

        def timed(function):
            start = time.process_time()
            function()
            cpu[function].append(time.process_time() - start)

        def setup():
            start = time.perf_counter()
            timed(other)
            others.append(time.perf_counter() - start)

        ours()
        other()
        benchmark.pedantic(timed, args=(ours,), setup=setup, rounds=PAIRS, iterations=1)
        mine = benchmark.stats.stats.data
        ratio = statistics.median(u / v for u, v in zip(mine, others, strict=True))
        busy = statistics.median(u / v for u, v in zip(cpu[ours], cpu[other], strict=True))
        record(what, ratio, target, mine, others, busy=busy)
        benchmark.extra_info.update(what=what, ratio=ratio, cpu_ratio=busy, target=target)

    return run


@pytest.fixture
def recorded():
    """The function that adds a row measured in another way."""
    return record


def record(what, value, target, mine=(), others=(), unit="x", busy=None):
    """One row of the table."""
    times = [f"{1e3 * statistics.median(t):.0f}" if t else "" for t in (mine, others)]
    met = "" if target is None else "yes" if value <= target else "**no**"
    busy = "" if busy is None else f"{busy:.2f}x"
    rows.append(
        (what, f"{value:.2f}{unit}", busy, "" if target is None else f"{target:.2f}{unit}", met, *times)
    )


def _kept(table):
    """The rows of a table that were not measured anew, but for its head."""
    cells = [line[2:-2].split(" | ") for line in table.splitlines() if line.startswith("| ")][2:]
    return [row for row in cells if row[0] not in {new[0] for new in rows}]


def pytest_sessionfinish(session):
    if not rows or not session.config.getoption("--results"):
        return
    header = ("what", "wall clock", "CPU time", "target", "met", "ours ms", "other ms")
    head, rest = RESULTS.read_text().split(BEGIN)
    table, tail = rest.split(END)
    lines = ["| " + " | ".join(row) + " |" for row in (header, ("---",) * len(header), *_kept(table), *rows)]
    lines_of_cpu = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines_of_cpu if "model name" in line), "?")
    about = (
        f"{cpu}, one core, torch {torch.__version__}, Python "
        f"{platform.python_version()}; load average when done "
        f"{Path('/proc/loadavg').read_text().split()[0]}; {PAIRS} interleaved pairs, medians."
    )
    RESULTS.write_text("\n".join([head + BEGIN, about, "", *lines, END + tail]))
