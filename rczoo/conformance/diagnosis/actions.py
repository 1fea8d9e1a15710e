"""Diagnoses of wrong actions: the model obeys a law, but not the one declared for its inputs and outputs.

The actions on inputs and on outputs are looked for together, as two may be wrong at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ...symmetry.actions import Action, RepAction, as_action, channels_last, tokens, typed
from ...symmetry.rep import Rep
from ..calls.inputs import Input, Problem
from ..results import Diagnosis, Violation
from ..run import Run
from ..tested_model import TestedModel
from .candidates import Candidate, of_bases, of_tokens, of_track
from .features import relation

VOCABULARIES = 3
"""Sizes of embeddings that are taken for one of tokens, the smallest first: others are of positions."""
IF = ", if that is what it is meant to be; else mend the model"


class Fit(NamedTuple):
    """Actions under which the law holds: of an input, if another, of the outputs, and the faults of those."""

    input: tuple[str, Candidate] | None
    outputs: dict[str, Action]
    faults: list[tuple[str, str]]


def wrong_actions(violation: Violation, run: Run) -> Diagnosis | None:
    """Are there other actions on one input, on the outputs, or on both, under which the law holds?"""
    tested, length = violation.tested, violation.batches[0].shape[1]
    codes = run.codes(length, batch_size=1 if run.long else 4, seed=30)
    try:
        answer = _answer(tested, codes)
    except Problem:
        return None
    if not any(len(y) < 2 or bool((y - y[:1]).any()) for y in answer[0].values() if y.ndim):
        return None  # the same for every sequence, so that any action fits
    fits = [fit for candidate in _candidates(tested) if (fit := _fit(violation, codes, answer, candidate))]
    for fit in sorted(fits, key=lambda fit: len(fit.faults) + (fit.input is not None)):
        changed = replace(_with_action(tested, fit.input), outputs=fit.outputs)
        fresh = [run.codes(length, batch_size=1 if run.long else 3, seed=32)]
        if violation.holds(changed, fresh, 0.01) and not _blind_to_order(violation, fit, codes, answer):
            return _diagnosis(tested, fit)
    return None


def _diagnosis(tested: TestedModel, fit: Fit) -> Diagnosis:
    """The faults in one sentence, and the declaration that mends them, where one can."""
    faults = ([(fit.input[1].cause, fit.input[1].words)] if fit.input else []) + fit.faults
    words, causes, repair = "; ".join(said for _, said in faults), [cause for cause, _ in faults], None
    if causes[0] == "not complemented" and {*causes[1:]} <= {"strands not swapped"}:  # as a Caduceus, which
        other = f"with outputs={typed(_declared(fit.outputs))} where there are no strands"  # reads both ways
        return Diagnosis(causes[0], f"{words}, or conjoin it", repair=other if causes[1:] else None)
    if fit.input is None and all(isinstance(a, RepAction) for a in fit.outputs.values()):
        repair = f"declare outputs={typed(_declared(fit.outputs))}{IF}".replace('"dna"', '"2r:flip"')
    elif fit.input is not None and not fit.faults and fit.input[1].declares:
        changed = {n: s.action for n, s in tested.inputs.items()} | {fit.input[0]: fit.input[1].action}
        form: Any = changed if tested.keywords else tuple(changed.values())
        repair = f"declare inputs={typed(form[0] if len(form) == 1 and not tested.keywords else form)}{IF}"
    return Diagnosis(causes[0], words, conjoins=False, repair=repair)


def _declared(outputs: dict[str, Action]) -> Any:
    """Specs of outputs in the form in which they were given: one, a tuple or a mapping."""
    if list(outputs) == ["output"]:
        return outputs["output"]
    numbered = [f"output {n}" for n in range(len(outputs))]
    return tuple(outputs.values()) if list(outputs) == numbered else outputs


def _answer(tested: TestedModel, codes: np.ndarray) -> list[dict[str, torch.Tensor]]:
    """The answer for sequences, as a list that is filled once."""
    with torch.no_grad():
        return [tested(tested.pair(codes)[0])]


def _candidates(tested: TestedModel) -> Iterator[tuple[str, Candidate] | None]:
    """None for what was declared; then other actions, of one input at a time, with the input's name."""
    yield None
    if tested.encode is not None:
        return
    for number, (name, spec) in enumerate(tested.inputs.items()):
        action = as_action(spec.action)
        if isinstance(action, RepAction):
            bases = number == 0 and action.rep.channels in (4, 5)
            yield from ((name, c) for c in (of_bases(action) if bases else of_track(action, name)))
        elif isinstance(action, tokens):
            sizes = sorted({e.num_embeddings for e in tested.model.modules() if isinstance(e, nn.Embedding)})
            yield from ((name, c) for c in of_tokens(action, sizes[:VOCABULARIES]))


def _fit(
    violation: Violation, codes: np.ndarray, answer: list[dict[str, torch.Tensor]], chosen: Any
) -> Fit | None:
    """How the outputs relate if the input is acted on so; None where one of them does not."""
    tested = _with_action(violation.tested, chosen)
    x, turned = tested.pair(codes)
    if _alike(x, turned):
        return None
    try:
        with torch.no_grad():
            got = tested(turned)
    except Problem:
        return None
    outputs: dict[str, Action] = {}
    faults = []
    for name, declared in tested.outputs.items():
        y = answer[0][name]
        if got[name].shape != y.shape:
            return None
        if _close(got[name], tested.act(name, y), violation.tolerance):
            outputs[name] = declared
            continue
        last = getattr(declared, "last", False)
        found = relation(y, got[name], last, 100 * violation.tolerance)
        if found is None or not isinstance(declared, RepAction):
            return None
        outputs[name], (cause, words) = _named(declared, *found)
        faults.append((cause, f"output {name!r} {words}"))
    return Fit(chosen, outputs, faults) if chosen or faults else None


def _alike(x: Any, turned: Any) -> bool:
    """Does an action leave every input as it is, so that it tells nothing?"""
    pairs = [(x[n], turned[n]) for n in x] if isinstance(x, dict) else zip(x, turned, strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def _close(got: torch.Tensor, want: torch.Tensor, tolerance: float) -> bool:
    scale = max(got.abs().max().item(), want.abs().max().item()) if got.numel() else 0.0
    return got.shape == want.shape and bool(((got - want).abs() <= 100 * tolerance * scale).all())


def _blind_to_order(
    violation: Violation, fit: Fit, codes: np.ndarray, answer: list[dict[str, torch.Tensor]]
) -> bool:
    """Does a model not mind the order of its bases, so that no reversal of its input tells anything?"""
    if fit.input is None or fit.faults or fit.input[1].cause != "not complemented":
        return False
    shuffled = codes[:, np.random.default_rng(0).permutation(codes.shape[1])]
    other = _answer(violation.tested, shuffled)[0]
    return all(_close(other[n], y, violation.tolerance) for n, y in answer[0].items())


def _with_action(tested: TestedModel, chosen: tuple[str, Candidate] | None) -> TestedModel:
    """The tested model with another action on one input, drawn as before."""
    if chosen is None:
        return tested
    name, candidate = chosen
    spec = tested.inputs[name]

    def make(codes: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        return tested.draw(name, codes, generator)

    return replace(tested, inputs=tested.inputs | {name: Input(candidate.action, make, spec.length)})


def _named(
    declared: RepAction, partners: list[int], signs: list[int], reverse: bool
) -> tuple[Action, tuple[str, str]]:
    """The action that fits an output, and the fault in words."""
    rep, fits = declared.rep, _rep(partners, signs)
    same = partners == list(rep.partners) and signs == list(rep.signs)
    called = f"{fits}" if fits is not None else f"the channel order {partners} with signs {signs}"
    if not reverse:
        tail = "" if same else f" and its channels go as {called}"
        words = f"keeps its direction{tail}: reverse the positions of the answer"
        return _order(declared, partners, signs, reverse), ("length not reversed", words)
    action = (channels_last(fits) if declared.last else RepAction(fits)) if fits is not None else None
    act = action or _order(declared, partners, signs, reverse)
    if partners == list(range(len(partners))) and rep.regular and set(signs) == {1}:
        remedy = f"declare {called!r} if it has no strands, else swap them when merging"
        return act, ("strands not swapped", f"acts as {called}, not {rep}: {remedy}")
    return act, ("layout", f"acts as {called}, not {rep}: declare {called!r}, or permute the channels")


def _order(declared: RepAction, partners: list[int], signs: list[int], reverse: bool) -> Action:
    """The action of a channel order that need be no Rep, with or without a reversal of positions."""
    index, sign = torch.tensor(partners), torch.tensor(signs)

    def act(y: torch.Tensor) -> torch.Tensor:
        y = y.transpose(1, 2) if declared.last and y.ndim == 3 else y
        z = y[:, index] * sign.to(y)[None, :, *([None] * (y.ndim - 2))]
        z = z.flip(-1) if reverse and y.ndim == 3 else z
        return z.transpose(1, 2) if declared.last and y.ndim == 3 else z

    return act


def _rep(partners: list[int], signs: list[int]) -> Rep | None:
    try:
        return Rep.from_partners(partners, signs)
    except ValueError:
        return None


def batch_axis(violation: Violation, run: Run) -> Diagnosis | None:
    """Does the law hold for one sequence at a time?"""
    singles = [codes[i : i + 1] for codes in violation.batches for i in range(len(codes))]
    if len(singles) == len(violation.batches) or not violation.holds(batches=singles):
        return None
    return Diagnosis(
        "batch",
        "the law holds for one sequence at a time and not for a batch: sequences of a batch are mixed, for "
        "example by a flip of axis 0 in place of the channels",
        conjoins=False,
    )
