"""Diagnoses of a wrong action: the model obeys a law, but not the one declared for its inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from ...symmetry.actions import Action, RepAction, as_action
from ...symmetry.rep import Rep, flip
from ..results import Diagnosis, Violation
from ..run import Run
from ..tested_model import Input, Problem, TestedModel
from .features import output_relation


def output_action(violation: Violation, run: Run) -> Diagnosis | None:
    """Is there another action on the outputs under which the law holds?"""
    tested, length = violation.tested, violation.batches[0].shape[1]
    batches = [run.codes(length, batch_size=4, seed=seed) for seed in (30, 31)]
    found: dict[str, Action] = {}
    words = []
    for name, declared in tested.outputs.items():
        try:
            relation = output_relation(tested, name, batches, violation.tolerance)
        except Problem:
            return None
        if relation is None or not isinstance(declared, RepAction):
            return None
        action, phrase = _named(declared, *relation)
        found[name] = action
        if phrase:
            words.append((phrase[0], f"output {name!r} {phrase[1]}"))
    fresh = [run.codes(length, batch_size=3, seed=seed) for seed in (32, 33)]
    if not words or not violation.holds(replace(tested, outputs=found), fresh):
        return None
    return Diagnosis(words[0][0], "; ".join(text for _, text in words))


def _named(
    declared: RepAction, partners: list[int], signs: list[int], reverse: bool
) -> tuple[Action, tuple[str, str] | None]:
    """The action that fits, and the fault in words; None where it is the declared one."""
    rep, n = declared.rep, len(partners)
    index, sign = torch.tensor(partners), torch.tensor(signs)

    def act(y: torch.Tensor) -> torch.Tensor:
        y = y.transpose(1, 2) if declared.last and y.ndim == 3 else y
        z = y[:, index] * sign.to(y)[None, :, *([None] * (y.ndim - 2))]
        z = flip(z) if reverse and y.ndim == 3 else z
        return z.transpose(1, 2) if declared.last and y.ndim == 3 else z

    same = partners == list(rep.partners) and signs == list(rep.signs)
    if same and reverse:
        return declared, None
    fits = _rep(partners, signs)
    called = f"{fits}" if fits is not None else f"the channel order {partners} with signs {signs}"
    if not reverse:
        tail = "" if same else f" and its channels go as {called}"
        return act, ("length not reversed", f"keeps its direction{tail}: reverse the positions of the answer")
    trivial = list(range(n))
    if partners == trivial and any(c != j for c, j in enumerate(rep.partners)) and set(signs) == {1}:
        remedy = f"declare {called!r} if it has no strands, else swap them when merging"
        return act, ("strands not swapped", f"acts as {called}, not {rep}: {remedy}")
    return act, ("layout", f"acts as {called}, not {rep}: declare {called!r}, or permute the channels")


def _rep(partners: list[int], signs: list[int]) -> Rep | None:
    try:
        return Rep.from_partners(partners, signs)
    except ValueError:
        return None


def input_action(violation: Violation, run: Run) -> Diagnosis | None:
    """Is there another action on one input under which the law holds?"""
    tested = violation.tested
    if tested.encode is not None:
        return None
    for number, (name, spec) in enumerate(tested.inputs.items()):
        action = as_action(spec.action)
        if not isinstance(action, RepAction):
            continue
        candidates = _bases(action) if number == 0 and action.rep == Rep.dna() else _tracks(action, name)
        for cause, words, other in candidates:
            changed = _with_action(tested, name, other)
            if violation.holds(changed):
                return Diagnosis(cause, words)
    return None


def _with_action(tested: TestedModel, name: str, action: Action) -> TestedModel:
    """The tested model with another action on one input, drawn as before."""
    spec = tested.inputs[name]

    def make(codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        return tested.draw(name, codes, generator)

    return replace(tested, inputs=tested.inputs | {name: Input(action, make, spec.length)})


def _bases(declared: RepAction) -> Iterator[tuple[str, str, Action]]:
    """Wrong actions on one-hot DNA: reversal alone, complement alone, and other pairings of bases."""

    def unreversed(rep: Rep) -> Action:
        return lambda x: _positions(declared, RepAction(rep, declared.last)(x))

    yield (
        "not complemented",
        "the model reverses its input without complementing it: swap A with T and C with G too",
        RepAction(Rep("4t"), declared.last),
    )
    yield (
        "input not reversed",
        "the model complements its input without reversing it: reverse the positions too",
        unreversed(declared.rep),
    )
    for partners, pairs in (([1, 0, 3, 2], "A with C and G with T"), ([2, 3, 0, 1], "A with G and C with T")):
        yield (
            "base order",
            f"the model's complement pairs {pairs}: it expects another order than ACGT, so its input or its "
            "complement must be reordered",
            RepAction(Rep.from_partners(partners), declared.last),
        )


def _tracks(declared: RepAction, name: str) -> Iterator[tuple[str, str, Action]]:
    """Other actions on a track of the same number of channels."""
    n = declared.rep.channels
    notations = [f"{n}t"] + ([f"{n // 2}r", f"{n // 2}r:flip", f"{n // 2}r:halves"] if n % 2 == 0 else [])
    for rep in dict.fromkeys(Rep(notation) for notation in notations):
        if rep != declared.rep:
            words = f"the model acts on input {name!r} as {rep}, not {declared.rep}: change one of the two"
            yield "control", words, RepAction(rep, declared.last)
    yield (
        "control",
        f"the model does not reverse the positions of input {name!r}",
        lambda x: _positions(declared, declared(x)),
    )
    yield "control", f"the model leaves input {name!r} as it is", as_action(None)


def _positions(declared: RepAction, x: torch.Tensor) -> torch.Tensor:
    """Undo the reversal of positions that a Rep made."""
    if x.ndim < 3:
        return x
    return flip(x.transpose(1, 2)).transpose(1, 2) if declared.last else flip(x)


def batch_axis(violation: Violation, run: Run) -> Diagnosis | None:
    """Does the law hold for one sequence at a time?"""
    singles = [codes[i : i + 1] for codes in violation.batches for i in range(len(codes))]
    if len(singles) == len(violation.batches) or not violation.holds(batches=singles):
        return None
    return Diagnosis(
        "batch",
        "the law holds for one sequence at a time and not for a batch: sequences of a batch are mixed, for "
        "example by a flip of axis 0 in place of the channels",
    )
