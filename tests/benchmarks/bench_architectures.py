"""Every architecture by mixing: ``pytest tests/benchmarks/bench_architectures.py --results``.

Writes ``ARCHITECTURES.md``; without ``--results`` it prints the table.
"""

import statistics
import time
from pathlib import Path

import torch

from rczoo import build, summary
from rczoo.family import ARCHITECTURES
from rczoo.testing import inputs_of

TABLE = Path(__file__).with_name("ARCHITECTURES.md")
BATCH, ROUNDS = 8, 5
PLACES = {"one strand": {"strategy": "standard"}, **{f"mixing {m}": {"mixing": m} for m in (0, 0.5, 1)}}
HEAD = """# Every architecture by mixing

Regenerate: `python -m pytest tests/benchmarks/bench_architectures.py --results`

At the default sizes: parameters / millions of multiply-adds for one sequence / milliseconds of processor
for a training step of {batch} sequences: forward and backward, the median of {rounds}, one core of a
shared machine, so compare within a row. The paper's three train with tied kernels, the others in frames.

"""


def place_of(name, place):
    """Depth 1 has ends only."""
    return {"mixing": 1} if name == "motif-cnn" and place == {"mixing": 0.5} else place


def step(network):
    """Milliseconds of processor for a forward and a backward pass."""
    network.train().execution = network.executions[-1]
    inputs = inputs_of(network, BATCH, 0, torch.float32)
    times = []
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        answer = network(*inputs)
        sum(y.square().sum() for y in (answer if isinstance(answer, tuple) else (answer,))).backward()
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times[1:])


def row(name):
    cells = [name, str(build(name, mixing=0).config.length)]
    for place in PLACES.values():
        network = build(name, **place_of(name, place))
        found = summary(network)
        cost = found.multiply_adds / 1e6
        cells.append(f"{found.parameters:,} / {cost:,.1f} / {step(network):.0f}")
    return "| " + " | ".join(cells) + " |"


def test_architectures(request):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        header = ["architecture", "length", *PLACES]
        rows = [row(name) for name in ARCHITECTURES]
    finally:
        torch.set_num_threads(threads)
    lines = ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header))]
    table = "\n".join([*lines, *rows, ""])
    print(table)
    if request.config.getoption("--results"):
        TABLE.write_text(HEAD.format(batch=BATCH, rounds=ROUNDS) + table)
