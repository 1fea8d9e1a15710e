"""The repair: what to type so that the law holds, where the cause allows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from ...nn.conjoined import conjoin
from ...nn.likelihood import SequenceLikelihood
from ...symmetry.actions import RepAction, as_action, tokens, typed
from ...symmetry.rep import Rep
from ..calls.inputs import Problem
from ..calls.outputs import nested
from ..results import Diagnosis, Result, Violation
from ..run import Run
from ..tested_model import TestedModel


class Repair(NamedTuple):
    """Specs of inputs and outputs, in the form the model wants, with which conjoining mends it."""

    inputs: Any
    outputs: Any


def find_repair(run: Run, results: list[Result]) -> Repair | None:
    """The specs with which conjoining mends the first broken law, unless chance broke it."""
    broken = _broken(results)
    return conjoined(broken) if broken is not None else None


def _broken(results: list[Result]) -> Violation | None:
    broken = next((r for r in results if r.status == "failed" and r.violation), None)
    return None if broken is None or broken.cause == "random" else broken.violation


def conjoined(violation: Violation) -> Repair | None:
    """Specs with which conjoining mends a violation, or None."""
    tested = violation.tested
    if tested.encode is not None:
        return None
    inputs: Any = {name: spec.action for name, spec in tested.inputs.items()}
    if not tested.keywords:
        inputs = tuple(inputs.values()) if len(inputs) > 1 else next(iter(inputs.values()))
    outputs = tuple(tested.outputs.values())
    forms = [*(outputs if len(outputs) == 1 else ()), outputs, tested.outputs, nested(tested.outputs)]
    for form in (*forms, tested.declared):
        model = conjoin(tested.model, inputs, form).train(tested.model.training)
        if violation.holds(replace(tested, model=model)):
            return Repair(inputs, form)
    return None


def advice(run: Run, results: list[Result], causes: list[Diagnosis], repair: Repair | None) -> str | None:
    """What to type: the call that conjoins, unless a cause says that this would do harm."""
    if other := next((d for d in causes if not d.conjoins), None):
        return other.repair
    if repair is None:
        return None
    inputs, outputs = map(typed, repair)
    default = inputs == '"dna"' and not hasattr(run.tested.model, "rep_in")
    mind = next((f"  # {d.repair}" for d in causes if d.repair), "")
    return f"rczoo.conjoin(model, {'' if default else f'inputs={inputs}, '}outputs={outputs}){mind}"


def causal(violation: Violation, run: Run) -> Diagnosis | None:
    """Does each position of an output depend on one side of it alone, as in a model of the next base?"""
    tested = violation.tested
    if tested.encode is not None or run.length < 4 or not (names := _along(tested, run)):
        return None
    middle = run.length // 2
    codes = np.repeat(run.codes(batch_size=1, seed=50), 2, axis=0)
    codes[1, middle] = (codes[1, middle] + 1) % 4
    batches = (codes[:1], codes[1:]) if run.long else (codes,)
    with torch.no_grad():
        answers = [tested(tested.pair(some)[0]) for some in batches]
    for name in names:
        y = torch.cat([answer[name] for answer in answers]).double()
        y = y if getattr(tested.outputs[name], "last", False) else y.transpose(1, 2)
        change = (y[1] - y[0]).abs().amax(-1)
        offset = max(0, (len(change) - run.length + 1) // 2)  # a class token may stand before the bases
        place, nothing = middle + offset, 1e-12 * float(y.abs().max())
        if _only(change[:place], change[place:], nothing):
            return _blind(name, "left", "next", "before", _whole_sequences(violation, name))
        if _only(change[place + 1 :], change[: place + 1], nothing):
            return _blind(name, "right", "before", "next", None)
    return None


def _only(quiet: torch.Tensor, loud: torch.Tensor, nothing: float) -> bool:
    """Do changes keep to one side, and reach further than padding does of a kernel of two?"""
    return bool(quiet.max() <= nothing < loud.max()) and int((loud > nothing).sum()) > 2


def _blind(name: str, side: str, ahead: str, behind: str, repair: str | None) -> Diagnosis:
    """The diagnosis of an output that sees one side alone."""
    words = (
        f"position i of output {name!r} depends only on what is {side} of it: it predicts what comes {ahead} "
        f"on one strand and what came {behind} on the other, so that an answer merged there would have seen "
        "what it predicts. Score whole sequences on both strands and average their log-likelihoods"
    )
    return Diagnosis("causal", words, conjoins=False, repair=repair)


def _along(tested: TestedModel, run: Run) -> list[str]:
    """Outputs with a position for each base, and channels enough to be logits of bases."""
    length, names = run.length, []
    for name, (_, y) in run.first.both.items():
        last = getattr(tested.outputs[name], "last", False)
        if (
            y.ndim == 3
            and length <= y.shape[1 if last else 2] <= length + 2
            and y.shape[2 if last else 1] >= 4
        ):
            names.append(name)
    return names


def _whole_sequences(violation: Violation, name: str) -> str | None:
    """The call that scores whole sequences, if the law then holds."""
    tested = violation.tested
    action, first = tested.outputs[name], tested.inputs[tested.sequence]
    if not isinstance(action, RepAction) or not isinstance(as_action(first.action), tokens | RepAction):
        return None
    output = name if name not in ("output", *(f"output {n}" for n in range(9))) else None
    scorer = SequenceLikelihood(tested.model, output, action.last)
    inputs: Any = (
        {n: s.action for n, s in tested.inputs.items()}
        if tested.keywords
        else tuple(s.action for s in tested.inputs.values())
    )
    inputs = inputs[0] if isinstance(inputs, tuple) and len(inputs) == 1 else inputs
    try:
        both = conjoin(scorer, inputs, "1t").eval()
        holds = violation.holds(replace(tested, model=both, outputs={"output": RepAction(Rep("1t"))}))
    except Problem:
        return None
    options = (f", output={output!r}" if output else "") + (", channels_last=True" if action.last else "")
    call = f'rczoo.conjoin(rczoo.SequenceLikelihood(model{options}), inputs={typed(inputs)}, outputs="1t")'
    return call if holds else None
