"""Write ``proofs/vectors``: questions drawn here, answered by Coq: ``python -m proofs vectors``."""

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

VECTORS = HERE.parent / "vectors"
SEED = 1535
HOWS = ("sum", "mean", "max")
NEEDED = ("representations", "conjoining", "kernels", "family", "geometry", "executable")
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
    """Two Reps and a free kernel; K = 1 and even K among them."""
    i, o, k = rep(draw, 2), rep(draw, 2), draw.randint(1, 4)
    if not i["partners"]:  # a kernel of no numbers
        return tie(draw)
    size = len(i["partners"]) * len(o["partners"]) * k
    return {"in": i, "out": o, "kernel": k, "v": numbers(draw, size)}


def conv(draw: random.Random) -> Case:
    """Any kernel, stride (beyond K, too), dilation and padding, without remainder; up to three channels."""
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


def words(value: Any) -> list[str]:
    """A case as the driver reads it, in the order of its entries."""
    if isinstance(value, dict):
        return [word for key, part in value.items() for word in words(part)]
    if isinstance(value, list):
        return [word for part in value for word in words(part)]
    return [str(value)]


def fraction(text: str) -> str:
    """A rational number as the driver reads it."""
    return text if "/" in text else f"{text}/1"


def question(kind: str, case: Case) -> list[str]:
    """One line for the driver: sizes first, then Reps, then numbers."""
    arrays = [
        fraction(n)
        for key in ("v", "w", "x", "own", "other", "u")
        for n in _list(case, key)
        if kind != "merge"
    ]
    if kind == "act":
        return [
            str(len(case["partners"])),
            *words([case["length"], case["partners"], case["signs"]]),
            *arrays,
        ]
    if kind == "tie":
        sizes = [len(case["in"]["partners"]), len(case["out"]["partners"]), case["kernel"]]
        return [*words([sizes, case["in"], case["out"]]), *arrays]
    if kind == "merge":
        sizes = [
            HOWS.index(case["how"]),
            len(case["partners"]),
            case["length"],
            case["partners"],
            case["signs"],
        ]
        return [*words(sizes), *map(fraction, case["u"] + case["v"])]
    if kind == "agreement":
        return list(map(fraction, words(case)))
    if kind == "dna":
        return [str(len(case["sequence"])), " ".join(case["sequence"])]
    return [*words([v for key, v in case.items() if not _list(case, key) or key == "share"]), *arrays]


def _list(case: Case, key: str) -> list[str]:
    value = case.get(key)
    return value if isinstance(value, list) and key != "share" else []


def build_driver(folder: Path) -> Path:
    """The extracted definitions and the driver, by ocamlopt."""
    if shutil.which("ocamlopt") is None:
        raise BuildError("ocamlopt is not installed: apt-get install ocaml-nox")
    for name in (
        "representations",
        "conjoining",
        "kernels",
        "family",
        "geometry",
        "executable",
        "extraction",
    ):
        shutil.copy(HERE / f"{name}.v", folder)
        compile_file(folder, name)
    shutil.copy(HERE / "driver.ml", folder)
    call(folder, "ocamlopt", "-w", "-a", "definitions.mli", "definitions.ml", "driver.ml", "-o", "driver")
    return folder / "driver"


def write(driver: Path) -> int:
    """Draw, ask and write every kind; return the number of cases."""
    draw, total = random.Random(SEED), 0
    for kind, (make, count) in KINDS.items():
        cases = [make(draw) for _ in range(count)]
        lines = [str(count), *(" ".join([kind, *question(kind, case)]) for case in cases)]
        answer = subprocess.run(
            [driver], input="\n".join(lines), capture_output=True, text=True, check=True
        ).stdout
        answers = [line.split() for line in answer.splitlines()]
        rows = [
            json.dumps({**case, "answer": a}, separators=(",", ":"))
            for case, a in zip(cases, answers, strict=True)
        ]
        text = "[\n" + ",\n".join(rows) + "\n]\n"
        (VECTORS / f"{kind}.json").write_text(text, encoding="utf-8")
        total += count
    return total


def run() -> int:
    """Make all vectors; return the exit status."""
    try:
        with tempfile.TemporaryDirectory() as name:
            print(f"{write(build_driver(Path(name)))} cases in {VECTORS}")
    except BuildError as error:
        print(f"vectors: {error}")
        return 1
    return 0
