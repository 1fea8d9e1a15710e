"""Interleaved pairs through pytest-benchmark, and the table they make: ``--results`` rewrites RESULTS.md.

Rows of a GPU have a table of their own there.
"""

import platform
import statistics
import time
from pathlib import Path

import pytest
import torch

from rczoo._memory import memory_kept

PAIRS = 15
RESULTS = Path(__file__).with_name("RESULTS.md")
rows = {"cpu": [], "cuda": []}
MARKS = {
    "cpu": ("<!-- table -->", "<!-- end of table -->"),
    "cuda": ("<!-- table of a GPU -->", "<!-- end of table of a GPU -->"),
}


def pytest_addoption(parser):
    parser.addoption(
        "--results", action="store_true", help="rewrite the table in tests/benchmarks/RESULTS.md"
    )
    parser.addoption("--small", action="store_true", help="run bench_gpu.py once, small, on the CPU")


@pytest.fixture(autouse=True)
def one_core():
    """With freed memory kept, as in rczoo's commands: which of two layers pays for it is chance otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with memory_kept():
        yield
    torch.set_num_threads(before)


@pytest.fixture
def device():
    """Where a benchmark runs; ``bench_gpu.py`` has its own."""
    return torch.device("cpu")


@pytest.fixture
def compare(benchmark, device, request):
    """Time ``ours`` after each run of ``other``; record the median ratio of the pairs beside its target."""

    def run(what, ours, other, target=None):
        others, cpu = [], {ours: [], other: []}

        def timed(function):
            start = time.process_time()
            function()
            if device.type == "cuda":
                torch.cuda.synchronize()
            cpu[function].append(time.process_time() - start)

        def setup():
            start = time.perf_counter()
            timed(other)
            others.append(time.perf_counter() - start)

        timed(ours)
        timed(other)
        for seconds in cpu.values():
            seconds.clear()
        rounds = 1 if request.config.getoption("--small") else PAIRS
        benchmark.pedantic(timed, args=(ours,), setup=setup, rounds=rounds, iterations=1)
        mine = benchmark.stats.stats.data
        ratio = statistics.median(u / v for u, v in zip(mine, others, strict=True))
        busy = statistics.median(u / v for u, v in zip(cpu[ours], cpu[other], strict=True))
        record(
            what, ratio, target, mine, others, busy=None if device.type == "cuda" else busy, on=device.type
        )
        benchmark.extra_info.update(what=what, ratio=ratio, cpu_ratio=busy, target=target)

    return run


@pytest.fixture
def recorded():
    """The function that adds a row measured in another way."""
    return record


def record(what, value, target, mine=(), others=(), unit="x", busy=None, on="cpu"):
    """One row of the table."""
    times = [f"{1e3 * statistics.median(t):.0f}" if t else "" for t in (mine, others)]
    met = "" if target is None else "yes" if value <= target else "**no**"
    busy = "" if busy is None else f"{busy:.2f}x"
    rows[on].append(
        (what, f"{value:.2f}{unit}", busy, "" if target is None else f"{target:.2f}{unit}", met, *times)
    )


def _kept(table, rows):
    """The rows of a table that were not measured anew, but for its head."""
    cells = [line[2:-2].split(" | ") for line in table.splitlines() if line.startswith("| ")][2:]
    return [row for row in cells if row[0] not in {new[0] for new in rows}]


def _machine(kind):
    if kind == "cuda":
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), "?")
    return f"{cpu}, one core"


def pytest_sessionfinish(session):
    if not session.config.getoption("--results") or session.config.getoption("--small"):
        return
    header = ("what", "wall clock", "CPU time", "target", "met", "ours ms", "other ms")
    for kind, new in rows.items():
        if not new:
            continue
        begin, end = MARKS[kind]
        head, rest = RESULTS.read_text().split(begin)
        table, tail = rest.split(end)
        cells = (header, ("---",) * len(header), *_kept(table, new), *new)
        lines = ["| " + " | ".join(row) + " |" for row in cells]
        about = (
            f"{_machine(kind)}, torch {torch.__version__}, Python {platform.python_version()}; load average "
            f"when done {Path('/proc/loadavg').read_text().split()[0]}; {PAIRS} interleaved pairs, medians."
        )
        RESULTS.write_text("\n".join([head + begin, about, "", *lines, end + tail]))
