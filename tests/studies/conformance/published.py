"""The suite on published architectures: verdict, cause and repair, beside the truth by own arithmetic.

The truth is how far ``f(R x)`` is from ``R f(x)`` in float64, where R is written out here.
"""

from __future__ import annotations

import copy
import time
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import rczoo
from rczoo.conformance.report import Report

from . import catalogue
from .catalogue import PUBLISHED, Entry

HEADINGS = ("model", "from", "length", "off by", "verdict", "cause", "repair", "repaired, off by", "seconds")
OBEYS = 1e-9
"""A model obeys in truth if it is off by less in float64; what breaks the law here is off by 1e-4 or more."""


class Row(NamedTuple):
    """What was found of one architecture; ``wrong`` is what the suite got wrong, else empty."""

    entry: Entry
    off: float
    report: Report
    repaired: float | None
    again: Report | None
    seconds: float

    @property
    def wrong(self) -> str:
        """A false alarm, a miss, or a repair that repairs nothing."""
        if self.report.passed != (self.off <= OBEYS):
            return "miss" if self.report.passed else "false alarm"
        if self.repaired is not None and self.again is not None:
            return "" if self.repaired <= OBEYS and self.again.passed else "repair"
        return ""

    def line(self) -> str:
        """One line of a table in Markdown."""
        cause = self.report.diagnoses[0].cause if self.report.diagnoses else ""
        repair = (self.report.repair or "").replace("rczoo.", "").replace("|", "\\|")
        cells = [
            self.entry.name, self.entry.source, str(self.entry.options["lengths"]), f"{self.off:.0e}",
            "passes" if self.report.passed else "fails", cause, f"`{repair[:60]}`" if repair else "",
            "" if self.repaired is None else f"{self.repaired:.0e}", f"{self.seconds:.1f}",
        ]  # fmt: skip
        return f"| {' | '.join(cells)} |" + (f" **{self.wrong}**" if self.wrong else "")


def try_one(entry: Entry) -> Row:
    """Check one architecture, repair it as the report says, and check it again."""
    torch.manual_seed(0)
    model = ready(entry)
    if entry.options["outputs"] is None:
        told = tuple(map(str, model.rep_out))
        entry = entry._replace(options=entry.options | {"outputs": told if len(told) > 1 else told[0]})
    off = truth(model, entry)
    started = time.process_time()
    report = rczoo.check(model, quick=True, name=entry.name, **entry.options)
    seconds = time.process_time() - started
    repaired, again = None, None
    if report.repair and report.repair.startswith("rczoo.conjoin(model"):
        both = eval(report.repair, vars(catalogue) | {"model": model}).eval()
        repaired, again = truth(both, entry), rczoo.check(both, quick=True, **entry.options)
    return Row(entry, off, report, repaired, again, seconds)


def ready(entry: Entry) -> nn.Module:
    """The model in evaluation mode, its sizes known and its running statistics no longer at their start."""
    model = entry.build()
    call(model, inputs(entry, codes(entry))[0])
    for name, value in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            value.add_(0.3 * torch.rand_like(value))
    return model.eval()


# Truth


def codes(entry: Entry) -> Tensor:
    """Random bases (batch, length), A C G T as 0 1 2 3."""
    generator = torch.Generator().manual_seed(11)
    return torch.randint(0, 4, (4, entry.options["lengths"]), generator=generator)


def row_ends(entry: Entry, bases: Tensor) -> list[int]:
    """How far each row goes: the second half way, where the model reads a mask."""
    specs = entry.options.get("inputs")
    padded = isinstance(specs, dict) and "attention_mask" in specs
    return [len(row) if n != 1 or not padded else len(row) // 2 for n, row in enumerate(bases)]


def inputs(entry: Entry, bases: Tensor) -> tuple[Any, Any]:
    """What the model is called with for these bases, and for their reverse complement."""
    specs = entry.options.get("inputs", "dna")
    if encode := entry.options.get("encode"):
        texts = ["".join("ACGT"[b] for b in row) for row in bases.tolist()]
        other = [text[::-1].translate(str.maketrans("ACGT", "TGCA")) for text in texts]
        return encode(texts), encode(other)
    if isinstance(specs, dict):
        ends = row_ends(entry, bases)
        ids, turned = bases.clone(), bases.clone()
        for row, end in enumerate(ends):
            turned[row, :end] = 3 - bases[row, :end].flip(0)
            ids[row, end:] = turned[row, end:] = 6
        mask = {"attention_mask": (torch.arange(ids.shape[1]) < torch.tensor(ends)[:, None]).long()}
        mask = mask if "attention_mask" in specs else {}
        return {"input_ids": ids, **mask}, {"input_ids": turned, **mask}
    x = nn.functional.one_hot(bases, 4).double()
    x = x if getattr(specs, "last", False) else x.mT
    if not isinstance(specs, tuple):
        return (x,), (x.flip(1, 2),)
    if specs[1] == "1r":
        track = torch.rand(len(x), 2, x.shape[2], dtype=torch.float64)
        return (x, track), (x.flip(1, 2), track.flip(1, 2))
    features = torch.rand(len(x), 8, dtype=torch.float64)
    return (x, features), (x.flip(1, 2), features)


def call(model: nn.Module, given: Any) -> Any:
    """The answer, in the number type that the model has."""
    dtype = next(model.parameters()).dtype

    def cast(v: Tensor) -> Tensor:
        return v.to(dtype) if v.is_floating_point() else v

    with torch.no_grad():
        if isinstance(given, dict):
            return model(**{name: cast(v) for name, v in given.items()})
        return model(*map(cast, given))


def truth(model: nn.Module, entry: Entry) -> float:
    """How far ``f(R x)`` is from ``R f(x)`` in float64, relative to the largest entry of each output."""
    bases = codes(entry)
    exact = copy.deepcopy(model).double().eval()
    y, got = (call(exact, given) for given in inputs(entry, bases))
    specs, worst = entry.options["outputs"], 0.0
    named = (
        dict(specs)
        if isinstance(specs, dict)
        else dict(enumerate(specs))
        if isinstance(specs, tuple)
        else None
    )
    for key, spec in (named or {None: specs}).items():
        a, b = (
            z if not isinstance(z, tuple | list | dict) else z[0 if key is None else key] for z in (y, got)
        )
        want = turned(a, spec, row_ends(entry, bases))
        size = max(float(want.abs().max()), float(b.abs().max()), 1e-300)
        worst = max(worst, float((b - want).abs().max()) / size)
    return worst


def turned(y: Tensor, spec: Any, ends: list[int]) -> Tensor:
    """R of an output, by hand: each row's positions reversed as far as it goes, channels in their order."""
    if not (isinstance(spec, str) or hasattr(spec, "rep")):
        return spec(y)
    order, signs = order_of(str(getattr(spec, "rep", spec)))
    last = getattr(spec, "last", False)
    y = y if not last else y.movedim(-1, 1)
    z = y[:, order] * torch.tensor(signs).view(1, -1, *[1] * (y.ndim - 2))
    if y.ndim == 3:
        scale = y.shape[2] / max(ends)
        for row, end in enumerate(ends):
            stop = round(end * scale)
            z[row] = torch.cat([z[row, :, :stop].flip(-1), y[row, :, stop:]], 1)
    return z if not last else z.movedim(1, -1)


def order_of(notation: str) -> tuple[list[int], list[int]]:
    """Channels in the order of the other strand, and their signs: of ``2r``, ``2r:flip``, ``1r+2t+1s``."""
    if notation.startswith("["):
        order = [int(n) for n in notation[1:-1].split(",")]
        return order, [1] * len(order)
    order, signs = [], []
    for term in notation.split("+"):
        (kind, _, layout), start = term.lstrip("0123456789").partition(":"), len(order)
        n = int(term[: len(term) - len(kind + _ + layout)] or 1)
        size = 2 * n if kind == "r" else n
        places = {
            "flip": [size - 1 - c for c in range(size)],
            "halves": [(c + n) % size for c in range(size)],
            "": [c ^ 1 for c in range(size)],
        }[layout]
        order += [start + (places[c] if kind == "r" else c) for c in range(size)]
        signs += [-1 if kind == "s" else 1] * size
    return order, signs


def table(entries: list[Entry] | None = None) -> list[Row | str]:
    """A row for each architecture; for one whose package is not installed, its name and why."""
    rows: list[Row | str] = []
    for entry in PUBLISHED if entries is None else entries:
        try:
            rows.append(try_one(entry))
        except ImportError as error:
            rows.append(f"{entry.name} ({entry.source}): {error}")
    return rows
