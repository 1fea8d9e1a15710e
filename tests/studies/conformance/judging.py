"""The verdict on random models beside the truth: no false alarm, and no miss above the stated size.

The truth is measured here, in float64, by arithmetic that shares nothing with the suite: flips of the input,
a written-out order of the output's channels, own sequences, own training.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from rczoo.conformance.checks.catalogue import QUICK_OMITS, run_checks
from rczoo.conformance.report import Report
from rczoo.conformance.run import Run
from rczoo.conformance.suite import check
from rczoo.conformance.tested_model import describe

from .layers import Cast
from .random_models import ORDERS, Drawn, draw, off_by

STATES = 5
"""Of a training: a fault that shows only where a maximum or a kink comes to lie is in some, not in others."""
FEW, MANY = 96, 20_000
"""Random sequences: of every model, and of one that fails though the few obey, as the suite may meet more."""
WORDS = 2
"""Of each word that a detector knows, so many sequences are tried."""


AFTER = {"train-mode", "trained-state"}
"""What a training brings."""


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
        found["batch-independence"] = off_by(*pair)
        found["dropout"] = _law(model.train(), drawn, x[:4])
    return found | after_training(drawn, 0)


def after_training(drawn: Drawn, seed: int) -> dict[str, float]:
    """The law in train mode, and in evaluation mode once the statistics moved, in one state of a training."""
    learner = _moved(_without_casts(drawn.model), seed).train()
    training = _law(learner, drawn, _skewed(drawn, 4))
    _moving(learner, drawn, _skewed(drawn, 4))
    return {"train-mode": training, "trained-state": _law(learner.eval(), drawn, _sequences(drawn)[:8])}


def _sequences(drawn: Drawn, number: int = FEW) -> torch.Tensor:
    """Random one-hot DNA (n, 4, length), some with the word that a detector knows, on either strand."""
    generator = torch.Generator().manual_seed(5)
    codes = torch.randint(0, 4, (number, drawn.length), generator=generator)
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


def _moved(model: nn.Module, seed: int) -> nn.Module:
    """Every parameter moved at random, as training moves what nothing ties; without dropout."""
    generator = torch.Generator().manual_seed(7 + seed)
    for p in model.parameters():
        p.data += 0.1 * torch.randn(p.shape, generator=generator, dtype=torch.float64)
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return model


def _call(model: nn.Module, drawn: Drawn, x: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """The answer (batch, channels, ...), of a model that is left in its state."""
    return _calls(model, drawn, x, [seed])[0]


def _calls(model: nn.Module, drawn: Drawn, x: torch.Tensor, seeds: Iterable[int]) -> list[torch.Tensor]:
    """Answers in turn, of a model that is left in its state at last: these remember in buffers."""
    parts = [(part, dict(part.named_buffers(recurse=False))) for part in model.modules()]
    held = [(part, name, b.clone()) for part, buffers in parts for name, b in buffers.items()]
    answers = [_moving(model, drawn, x, seed) for seed in seeds]
    for part, name, before in held:
        setattr(part, name, before)
    return answers


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
    return off_by(got, want.flip(-1) if y.ndim == 3 else want)


def _repeats(model: nn.Module, drawn: Drawn, x: torch.Tensor) -> float:
    """How far two calls are apart, the second in the state that the first left, with other random numbers."""
    return off_by(*_calls(model, drawn, x, range(2)))


# The comparison


@dataclass
class Outcome:
    """What came of one model: ``wrong`` is empty, or ``false alarm``, or ``miss``.

    ``truth``: that it ``obeys``, is ``broken``, or ``varies`` with its training against the
    verdict, when neither is wrong.
    """

    seed: int
    wrong: str
    truth: str
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
    missed = [n for n, e in bad.items() if not e <= _stated(report, n)] if report.passed else []
    wrong = f"miss: {', '.join(missed)}" if missed else "" if bad or report.passed else "false alarm"
    told = "broken" if bad else "obeys"
    if wrong == "false alarm" and _seldom(drawn) > ROUNDING:
        wrong, told = "", "broken"
    if wrong and _varies(drawn, {*bad} or {r.name for r in report.results if r.status == "failed"}):
        wrong, told = "", "varies"
    return Outcome(seed, wrong, told, drawn, found, report, time.process_time() - started)


def _seldom(drawn: Drawn) -> float:
    """How far the law is off on many sequences: a maximum may seldom fall where it is broken."""
    return _law(_without_casts(drawn.model), drawn, _sequences(drawn, MANY))


def _varies(drawn: Drawn, names: set[str]) -> bool:
    """Is it for training alone that these checks are untrue, and for one training and not for another?"""
    if not names <= AFTER:
        return False
    states = [after_training(drawn, seed) for seed in range(STATES)]
    return len({all(e <= ROUNDING for e in state.values()) for state in states}) == 2


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
    return float(stated[1]) if result.status == "passed" and stated else ROUNDING
