"""Write ``vectors.jsonl``: questions drawn here, answered by Coq: ``python -m proofs vectors``."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .build import HERE, BuildError, call, compile_file

VECTORS = HERE / "vectors.jsonl"
"""A case a line, with its kind and the answer."""
SEED = 1535
HOWS = ("sum", "mean", "max")
NEEDED = (
    *("representations", "conjoining", "kernels", "family", "geometry", "losses"),
    *("executable", "extraction"),
)
"""What the driver is built from, in this order."""
Case = dict[str, Any]


def rep(draw: random.Random, orbits: int, signs: bool = True) -> Case:
    """Partners and signs: up to so many pairs, fixed and sign channels, in any order; perhaps none at all."""
    kinds = [draw.choice("rts" if signs else "rt") for _ in range(draw.randint(0, orbits))]
    order = list(range(sum(1 + (kind == "r") for kind in kinds)))
    draw.shuffle(order)
    partners, sign = list(order), [1] * len(order)
    for kind in kinds:
        a = order.pop()
        b = order.pop() if kind == "r" else a
        partners[a], partners[b] = b, a
        sign[a] = -1 if kind == "s" else 1
    return {"partners": partners, "signs": sign}


def numbers(draw: random.Random, n: int) -> list[str]:
    """Rationals in eighths, which float64 holds exactly."""
    return [
        str(draw.randint(-9, 9)) if draw.random() < 0.7 else f"{draw.randint(-20, 20)}/8" for _ in range(n)
    ]


def act(draw: random.Random) -> Case:
    """A Rep and a feature map."""
    r, length = rep(draw, 4), draw.randint(1, 6)
    return {**r, "length": length, "x": numbers(draw, len(r["partners"]) * length)}


def tie(draw: random.Random) -> Case:
    """Two Reps, either of which may have no channels, and a free kernel; K = 1 and even K among them."""
    i, o, k = rep(draw, 2), rep(draw, 2), draw.randint(1, 4)
    size = len(i["partners"]) * len(o["partners"]) * k
    return {"in": i, "out": o, "kernel": k, "v": numbers(draw, size)}


def conv(draw: random.Random) -> Case:
    """Any kernel, stride (beyond K, too), dilation and padding, without remainder; one to three channels.

    A convolution of no channels is 0 by the definition, and none at all in PyTorch.
    """
    ci, co, k, stride, dilation = (draw.randint(a, b) for a, b in ((1, 3), (1, 2), (1, 4), (1, 6), (1, 3)))
    padding, windows = draw.randint(0, 2), draw.randint(1, 3)
    length = stride * (windows - 1) + dilation * (k - 1) + 1 - 2 * padding
    if length < 1:
        return conv(draw)
    sizes = {"in": ci, "out": co, "kernel": k, "stride": stride, "dilation": dilation, "padding": padding}
    w, x = numbers(draw, ci * co * k), numbers(draw, ci * length)
    return {**sizes, "length": length, "windows": windows, "w": w, "x": x}


def exchange(draw: random.Random) -> Case:
    """Shares in 64ths, exact in float64: 0, small ones that round to 0, halves, and those that round to F."""
    filters, length = draw.randint(1, 5), draw.randint(1, 4)
    share = draw.choice([0, 1, 2, 16, 32, 48, 62, 63, 64, draw.randint(0, 64)])
    own, other = numbers(draw, filters * length), numbers(draw, filters * length)
    return {"filters": filters, "share": [share, 64], "length": length, "own": own, "other": other}


def merge(draw: random.Random) -> Case:
    """Sum and mean on any Rep, maximum without sign channels."""
    how, length = draw.choice(HOWS), draw.randint(1, 4)
    r = rep(draw, 3, signs=how != "max")
    size = len(r["partners"]) * length
    return {"how": how, **r, "length": length, "u": numbers(draw, size), "v": numbers(draw, size)}


def embed(draw: random.Random) -> Case:
    """A second block's kernel, at a share and at one no smaller."""
    filters, k = draw.randint(1, 4), draw.randint(1, 3)
    old = draw.randint(0, filters)
    sizes = {"filters": filters, "old": old, "new": draw.randint(old, filters), "kernel": k}
    return {**sizes, "w": numbers(draw, filters * (filters + old) * k)}


def geometry(draw: random.Random) -> Case:
    """Any geometry into which a window fits: remainders, stride > K, padding."""
    k, stride, dilation = draw.randint(1, 7), draw.randint(1, 9), draw.randint(1, 3)
    padding = draw.randint(0, k // 2)
    length = draw.randint(max(1, dilation * (k - 1) + 1 - 2 * padding), 30)
    return {"length": length, "kernel": k, "stride": stride, "dilation": dilation, "padding": padding}


def agreement(draw: random.Random) -> Case:
    """Two answers, a label and a weight; equal answers among them."""
    u, v, y = numbers(draw, 3)
    return {
        "agreement": draw.choice(["0", "1", "2", "1/2", "4"]),
        "u": u,
        "v": draw.choice([u, v, v]),
        "y": y,
    }


def dna(draw: random.Random) -> Case:
    """A sequence with unknown bases."""
    return {"sequence": "".join(draw.choices("ACGTN", k=draw.randint(1, 10)))}


KINDS: dict[str, tuple[Callable[[random.Random], Case], int]] = {
    "act": (act, 250), "tie": (tie, 300), "conv": (conv, 300), "exchange": (exchange, 300),
    "merge": (merge, 250), "embed": (embed, 200), "geometry": (geometry, 350), "agreement": (agreement, 150),
    "dna": (dna, 100),
}  # fmt: skip
"""How a case is drawn, and how many."""


def channels(rep: Case) -> list[Any]:
    """A Rep as the driver reads it."""
    return [rep["partners"], rep["signs"]]


def exact(numbers: list[str]) -> list[str]:
    """Rationals as the driver reads them."""
    return [number if "/" in number else f"{number}/1" for number in numbers]


def picked(case: Case, names: str) -> list[Any]:
    """Some entries of a case."""
    return [case[name] for name in names.split()]


QUESTIONS: dict[str, Callable[[Case], list[Any]]] = {
    "act": lambda c: [len(c["partners"]), c["length"], *channels(c), exact(c["x"])],
    "tie": lambda c: [
        *(len(c[side]["partners"]) for side in ("in", "out")),
        *(c["kernel"], channels(c["in"]), channels(c["out"]), exact(c["v"])),
    ],
    "conv": lambda c: [
        *picked(c, "in out kernel stride dilation padding length windows"),
        *(exact(c["w"]), exact(c["x"])),
    ],
    "exchange": lambda c: [*picked(c, "filters share length"), exact(c["own"]), exact(c["other"])],
    "merge": lambda c: [
        *(HOWS.index(c["how"]), len(c["partners"]), c["length"], *channels(c)),
        *(exact(c["u"]), exact(c["v"])),
    ],
    "embed": lambda c: [*picked(c, "filters old new kernel"), exact(c["w"])],
    "geometry": lambda c: picked(c, "length kernel stride dilation padding"),
    "agreement": lambda c: [exact(picked(c, "agreement u v y"))],
    "dna": lambda c: [len(c["sequence"]), list(c["sequence"])],
}
"""A case as ``driver.ml`` reads it: sizes first, then Reps, then numbers."""


def words(value: Any) -> list[str]:
    """Lists within lists, one after the other."""
    return [word for part in value for word in words(part)] if isinstance(value, list) else [str(value)]


def build_driver(folder: Path) -> Path:
    """The extracted definitions and the driver, by ocamlopt."""
    if shutil.which("ocamlopt") is None:
        raise BuildError("ocamlopt is not installed: apt-get install ocaml-nox")
    for name in NEEDED:
        shutil.copy(HERE / f"{name}.v", folder)
        compile_file(folder, name)
    shutil.copy(HERE / "driver.ml", folder)
    call(folder, "ocamlopt", "-w", "-a", "definitions.mli", "definitions.ml", "driver.ml", "-o", "driver")
    return folder / "driver"


def answered(driver: Path, kind: str) -> list[Case]:
    """The cases of one kind with their answers; what is drawn for one kind does not depend on the others."""
    make, count = KINDS[kind]
    draw = random.Random(f"{SEED} {kind}")
    cases = [make(draw) for _ in range(count)]
    asked = "\n".join([str(count), *(" ".join([kind, *words(QUESTIONS[kind](case))]) for case in cases)])
    said = subprocess.run([driver], input=asked, capture_output=True, text=True, check=True).stdout
    return [{**c, "answer": line.split()} for c, line in zip(cases, said.splitlines(), strict=True)]


def write(driver: Path) -> int:
    """Draw, ask and write every kind; return the number of cases."""
    cases = [{"kind": kind, **case} for kind in KINDS for case in answered(driver, kind)]
    lines = [json.dumps(case, separators=(",", ":")) + "\n" for case in cases]
    VECTORS.write_text("".join(lines), encoding="utf-8")
    return len(cases)


def run() -> int:
    """Make all vectors; return the exit status."""
    try:
        with tempfile.TemporaryDirectory() as name:
            print(f"{write(build_driver(Path(name)))} cases in {VECTORS}")
    except BuildError as error:
        print(f"vectors: {error}")
        return 1
    return 0
