"""The suite on models drawn at random: no false alarm, and no miss above the size that its report states.

Each model is a stack of layers of both kinds. Its truth is measured here, in float64, by arithmetic that
shares nothing with the suite: flips of the input, a written-out order of the output's channels, own
sequences, own training.
"""

from __future__ import annotations

import copy
import random
import re
import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from rczoo.conformance.checks.catalogue import QUICK_OMITS, run_checks
from rczoo.conformance.report import Report
from rczoo.conformance.run import Run
from rczoo.conformance.suite import check
from rczoo.conformance.tested_model import describe
from rczoo.symmetry.actions import channels_last
from rczoo.symmetry.rep import Rep
from tests.support.faulty_models import Through, Tied

from .layers import TIED, UNTIED, Cast, Detector, Head

ORDERS = {
    "1r": ((1, 0), (1, 1)),
    "2r:flip": ((3, 2, 1, 0), (1, 1, 1, 1)),
    "1r+1t": ((1, 0, 2), (1, 1, 1)),
    "2t+1s": ((0, 1, 2), (1, 1, -1)),
    "3t": ((0, 1, 2), (1, 1, 1)),
}
"""How RC orders the channels of each kind of output, and their signs."""
WORDS = 2
"""Of each word that a detector knows, so many sequences are tried."""


@dataclass
class Drawn:
    """A model, what its output is said to be, and how it is to be checked."""

    model: nn.Module
    out: str
    length: int
    last: bool = False
    quick: bool = False
    faults: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    word: torch.Tensor | None = None

    @property
    def options(self) -> dict[str, Any]:
        """For :func:`check`."""
        place = channels_last if self.last else Rep
        inputs = channels_last("dna") if self.last else "dna"
        return {"inputs": inputs, "outputs": place(self.out), "lengths": self.length, "quick": self.quick}


class Last(nn.Module):
    """A model of (batch, length, channels)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        y = self.model(x.transpose(1, 2))
        return y.transpose(1, 2) if y.ndim == 3 else y


def draw(seed: int) -> Drawn:
    """Random model number ``seed``: half of them without a fault, the others with one or two."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    rep = Rep(f"{rng.choice([2, 3])}r{rng.choice(['', ':flip', ':halves'])}")
    length, number = rng.randrange(20, 40), rng.choice([0, 0, 0, 1, 1, 2])
    drawn = Drawn(nn.Identity(), rng.choice(list(ORDERS)), length, rng.random() < 0.2, rng.random() < 0.8)
    depth = rng.randrange(1, 4) + number
    faulty = set(rng.sample(range(depth), number))
    layers: list[nn.Module] = [Tied(Rep.dna(), rep, rng.choice([3, 4, 5, 6]), padding=rng.choice([0, 1]))]
    if rng.random() < 0.05:
        layers.insert(0, Through(_unknown_as_a))
        drawn.faults.append("unknown base")
    h = torch.rand(3, 4, length, dtype=torch.float64)
    for n in range(depth):
        h = nn.Sequential(*layers).double()(torch.rand(3, 4, length, dtype=torch.float64)).detach()
        layer, kind = _layer(rep, h, rng, n in faulty)
        (drawn.faults if n in faulty else drawn.kinds).append(kind)
        layers.append(layer)
    drawn.model = _headed(nn.Sequential(*layers), rep, drawn, rng)
    return drawn


def _unknown_as_a(x):
    return nn.functional.one_hot(x.argmax(1), 4).transpose(1, 2).to(x.dtype)


def _layer(rep: Rep, h: torch.Tensor, rng: random.Random, faulty: bool) -> tuple[nn.Module, str]:
    """A layer that fits these features, and, unless it is to be a fault, keeps the law on them."""
    partners = list(rep.partners)
    while True:
        kind = rng.choice(list(UNTIED if faulty else TIED))
        layer = (UNTIED if faulty else TIED)[kind](rep, rng).double()
        try:
            with torch.no_grad():
                y, turned = (copy.deepcopy(layer).eval()(z) for z in (h, h.flip(-1)[:, partners]))
        except (RuntimeError, ValueError):
            continue  # too short for it
        if (
            y.ndim == 3
            and 3 <= y.shape[-1] <= 80
            and (faulty or _off(turned, y.flip(-1)[:, partners]) < 1e-6)
        ):
            return layer, kind


def _headed(trunk: nn.Module, rep: Rep, drawn: Drawn, rng: random.Random) -> nn.Module:
    """Tracks along the sequence, or labels of what a pool leaves; perhaps a detector, and channels last."""
    head: list[nn.Module] = [Head(rep, drawn.out, 1 if rng.random() < 0.5 else 3)]
    tracks = rng.random() < 0.5
    if not tracks:
        pooled = rng.choice([lambda h: h.mean(-1), lambda h: h.amax(-1), lambda h: h.logsumexp(-1)])
        signed = Rep(drawn.out).sign
        head = [*head, Through((lambda h: h.mean(-1)) if signed else pooled)]
    model: nn.Module = nn.Sequential(trunk, *head)
    if rng.random() < 0.1:
        drawn.faults.append("detector")
        drawn.word = torch.eye(4)[[rng.randrange(4) for _ in range(6)]].T
        model = Detector(model, drawn.word, 10.0 ** -rng.randrange(5), tracks)
    if rng.random() < 0.05 and not tracks:
        drawn.faults.append("constant head")
        model = nn.Sequential(model, Through(lambda y: y * 0 + 0.5))
    return (Last(model) if drawn.last else model).double()


# Truth


def truth(drawn: Drawn) -> dict[str, float]:
    """By how much each thing that the suite states is untrue of a model in float64, by name of its check."""
    x = _sequences(drawn)
    model = _without_casts(drawn.model)
    found = {"deterministic": _repeats(model, drawn, x), "float64-law": _law(model, drawn, x)}
    y = _call(model, drawn, x)
    spread = float((y - y[:1]).abs().max() / y.abs().max().clamp(min=1e-300))
    found["outputs-vary"] = 0.0 if spread > 1e-12 else 1.0
    known = torch.rand(8, 1, drawn.length, generator=torch.Generator().manual_seed(8)) > 0.2
    found["unknown-bases"] = _law(model, drawn, x[:8] * known)
    if not drawn.quick:
        pair = (y[:1], _call(model, drawn, x[:1]))
        found["batch-independence"] = _off(*pair)
        found["dropout"] = _law(copy.deepcopy(model).train(), drawn, x[:4])
    learner = _trained(model)
    found["train-mode"] = _law(learner.train(), drawn, _skewed(drawn, 4))
    _moving(learner, drawn, _skewed(drawn, 4))
    found["trained-state"] = _law(learner.eval(), drawn, x[:8])
    return found


def _sequences(drawn: Drawn) -> torch.Tensor:
    """Random one-hot DNA (n, 4, length), some with the word that a detector knows, on either strand."""
    generator = torch.Generator().manual_seed(5)
    codes = torch.randint(0, 4, (96, drawn.length), generator=generator)
    x = nn.functional.one_hot(codes, 4).transpose(1, 2).double()
    if drawn.word is not None:
        size = drawn.word.shape[-1]
        for row in range(2 * WORDS):
            word = drawn.word.double() if row % 2 else drawn.word.double().flip(0, 1)
            start = (drawn.length - size) * (row + 1) // (2 * WORDS + 1)
            x[row, :, start : start + size] = word
    return x


def _skewed(drawn: Drawn, rows: int) -> torch.Tensor:
    """One-hot DNA with few T and many A, so that the statistics of the strands differ."""
    generator = torch.Generator().manual_seed(6)
    shares = torch.tensor([0.55, 0.25, 0.15, 0.05]).expand(rows, 4)
    codes = torch.multinomial(shares, drawn.length, replacement=True, generator=generator)
    return nn.functional.one_hot(codes, 4).transpose(1, 2).double()


def _without_casts(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode that computes in float64 throughout."""
    exact = copy.deepcopy(model).eval()
    for part in exact.modules():
        if isinstance(part, Cast):
            part.exact = True
    return exact


def _trained(model: nn.Module) -> nn.Module:
    """Every parameter moved at random, as training moves what nothing ties; without dropout."""
    learner, generator = copy.deepcopy(model), torch.Generator().manual_seed(7)
    for p in learner.parameters():
        p.data += 0.1 * torch.randn(p.shape, generator=generator, dtype=torch.float64)
    for part in learner.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return learner


def _call(model: nn.Module, drawn: Drawn, x: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """The answer of a copy (batch, channels, ...), so that the model stays in its state."""
    return _moving(copy.deepcopy(model), drawn, x, seed)


def _moving(model: nn.Module, drawn: Drawn, x: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """The answer of the model, which may move its state."""
    torch.default_generator.manual_seed(seed)
    with torch.no_grad():
        y = model(x.transpose(1, 2) if drawn.last else x)
    return y.transpose(1, 2) if drawn.last and y.ndim == 3 else y


def _law(model: nn.Module, drawn: Drawn, x: torch.Tensor) -> float:
    """How far f(R x) is from R f(x), relative to the largest entry."""
    order, signs = ORDERS[drawn.out]
    y, got = (_call(model, drawn, z) for z in (x, x.flip(1, 2)))
    want = y[:, list(order)] * torch.tensor(signs).view(1, -1, *[1] * (y.ndim - 2))
    return _off(got, want.flip(-1) if y.ndim == 3 else want)


def _repeats(model: nn.Module, drawn: Drawn, x: torch.Tensor) -> float:
    """How far two calls are apart, the second in the state that the first left, with other random numbers."""
    moving = copy.deepcopy(model)
    return _off(*(_moving(moving, drawn, x, seed) for seed in range(2)))


def _off(got: torch.Tensor, want: torch.Tensor) -> float:
    if got.shape != want.shape:
        return 1.0
    size = max(got.abs().max().item(), want.abs().max().item())
    return ((got - want).abs().max().item() / size) if size else 0.0


# The comparison


@dataclass
class Outcome:
    """What came of one model: ``wrong`` is empty, or ``false alarm``, or ``miss``; ``found`` is the truth."""

    seed: int
    wrong: str
    holds: bool
    drawn: Drawn
    found: dict[str, float]
    report: Report
    seconds: float

    def __str__(self) -> str:
        about = (
            f"faults {self.drawn.faults}, layers {self.drawn.kinds}, {self.drawn.out}, off by {self.found}"
        )
        said = [f"{r.name} {r.status}: {r.detail}" for r in self.report.results if r.status != "skipped"]
        return f"seed {self.seed}: {self.wrong}: {about}\n  " + "\n  ".join(said)


ROUNDING = 1e-11
"""Above what float64 rounds in these models, and below every fault in them."""


def compare(seed: int, explained: bool = False) -> Outcome:
    """The verdict on random model number ``seed`` beside its truth."""
    started = time.process_time()
    drawn = draw(seed)
    found = truth(drawn)
    report = check(drawn.model, **drawn.options) if explained else _verdict(drawn)
    omitted = QUICK_OMITS if drawn.quick else ()
    bad = {n: e for n, e in found.items() if n not in omitted and not e <= ROUNDING}
    wrong = ""
    if report.passed:
        missed = [n for n, e in bad.items() if not e <= _stated(report, n)]
        wrong = f"miss: {', '.join(missed)}" if missed else ""
    elif not bad:
        wrong = "false alarm"
    return Outcome(seed, wrong, not bad, drawn, found, report, time.process_time() - started)


def _verdict(drawn: Drawn) -> Report:
    """A report without the explanation of a failure, which takes longer than the verdict."""
    options = drawn.options
    tested = describe(drawn.model, options["inputs"], options["outputs"])
    run = Run(tested, (drawn.length,), drawn.quick)
    return Report("random", run_checks(run))


def _stated(report: Report, name: str) -> float:
    """The size of fault below which the report says that it sees none, in that check."""
    result = report[name]
    stated = re.search(r"allowed ([\d.e+-]+)", result.detail)
    if result.status == "passed" and stated:
        return float(stated[1])
    inside = re.search(r"off by ([\d.e+-]+) relative: it computes in float32", result.detail)
    return 10 * float(inside[1]) if inside else ROUNDING
