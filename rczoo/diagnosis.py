"""Why a model fails: hypotheses, each verified by running the model again with that one thing mended."""

from __future__ import annotations

import torch

from .action_faults import batch_axis, input_action, output_action
from .actions import RepAction, as_action
from .localisation import first_break, recorded
from .operation_faults import active_dropout, geometry, narrow_precision, several, untied_norms
from .operations import NoDropout
from .rep import Rep
from .subject import Problem
from .trial import Diagnosis, Result, Situation, Trial

HYPOTHESES = (
    output_action,
    input_action,
    batch_axis,
    active_dropout,
    narrow_precision,
    untied_norms,
    geometry,
    several,
)


def diagnose(trial: Trial, results: list[Result]) -> list[Diagnosis]:
    """The likely cause of each failure, first failures first; one diagnosis for each cause."""
    found: dict[str, Diagnosis] = {}
    for result in results:
        if result.status == "failed" and result.name != "runs":
            try:
                diagnosis = _one(trial, result)
            except Problem:
                continue
            if diagnosis is not None:
                found.setdefault(diagnosis.cause, diagnosis)
    if found.keys() & {"length not reversed", "input not reversed"}:
        found.pop("non-local", None)  # the same fault seen twice
    return list(found.values())


def _one(trial: Trial, result: Result) -> Diagnosis | None:
    """The diagnosis of one failed check."""
    if result.cause == "constant":
        return Diagnosis("constant", result.detail + _dead(trial))
    if result.cause in ("non-local", "fused path"):
        remedy = {"non-local": "the branch reads the strand backwards: reverse it in both strands or in none"}
        return Diagnosis(result.cause, f"{result.detail}; {remedy.get(result.cause, _reordered(trial))}")
    situation = result.situation
    if situation is None:
        return None
    if result.cause == "random":
        return _random(situation)
    if result.name == "unknown-bases":
        words = "the law holds until a base is unknown: N must not be read as one of the four bases"
        return Diagnosis("unknown base", words)
    for hypothesis in HYPOTHESES:
        if (diagnosis := hypothesis(situation, trial)) is not None:
            return diagnosis
    return _untied(situation, trial, result)


def _random(situation: Situation) -> Diagnosis:
    """Randomness in evaluation mode: dropout if it vanishes without, else some other."""
    x, _ = situation.subject.pair(situation.batches[0])
    quiet = situation.subject.under(NoDropout)
    with torch.no_grad():
        without = [quiet(x, seed) for seed in range(6)]
        fixed = [situation.subject(x, 3) for _ in range(2)]
    if all(torch.equal(y[n], without[0][n]) for y in without for n in y):
        return Diagnosis("dropout", "a dropout is active in evaluation mode: pass training=self.training")
    same = all(torch.equal(fixed[0][n], fixed[1][n]) for n in fixed[0])
    words = "the model draws random numbers in evaluation mode, for example for augmentation"
    return Diagnosis("random", words, verified=same)


def _untied(situation: Situation, trial: Trial, result: Result) -> Diagnosis:
    """No single mend explains it: say where it starts, and that conjoining repairs it."""
    place = first_break(situation.subject, situation.batches[0], max(situation.tolerance, 1e-9))
    where = (
        f"the first features that break are those of {place}" if place else "every sub-module's features hold"
    )
    if result.name == "trained-state":
        words = f"the law holds only until training: parameters are tied by their values alone; {where}"
        return Diagnosis("untied", words, verified=False)
    repaired = _conjoined_holds(situation, trial)
    words = f"computations are not shared between the strands; {where}"
    return Diagnosis("untied", words + ("; conjoining mends it" if repaired else ""), verified=repaired)


def _conjoined_holds(situation: Situation, trial: Trial) -> bool:
    """Does the law hold for the conjoined model?"""
    from dataclasses import replace

    if situation.subject.encode is not None:
        return False
    from .conjoining import conjoin

    subject = situation.subject
    inputs = {name: spec.action for name, spec in subject.inputs.items()}
    specs = inputs if subject.keywords else tuple(inputs.values())
    outputs = tuple(subject.outputs.values())
    for specs_out in (outputs[0] if len(outputs) == 1 else outputs, subject.outputs):
        model = conjoin(subject.model, specs, specs_out).train(subject.model.training)
        if situation.holds(replace(subject, model=model)):
            return True
    return False


def _dead(trial: Trial) -> str:
    """The first sub-module whose features are the same for all sequences."""
    subject = trial.high
    x, _ = subject.pair(trial.codes(batch=8, seed=20))
    with torch.no_grad(), recorded(subject.model) as features:
        subject(x)
    for name, calls in features.items():
        if name and all(float((c - c[:1]).abs().max()) <= 1e-12 * float(c.abs().max()) for c in calls):
            return f"; the first constant features are those of {name!r}"
    return ""


def _reordered(trial: Trial) -> str:
    return "check the order in which it concatenates the halves of each pair"


def repair_call(trial: Trial, results: list[Result]) -> str | None:
    """The call that conjoins the model, as it must be typed, if the law then holds; else None."""
    subject = trial.subject
    broken = next((r for r in results if r.status == "failed" and r.situation), None)
    if broken is None or broken.cause == "random" or broken.situation is None:
        return None
    if not _conjoined_holds(broken.situation, trial):
        return None
    inputs = [_typed(spec.action) for spec in subject.inputs.values()]
    outputs = [_typed(action) for action in subject.outputs.values()]
    given = ""
    if subject.keywords:
        given = (
            f"inputs={{{', '.join(f'{n!r}: {s}' for n, s in zip(subject.inputs, inputs, strict=True))}}}, "
        )
    elif inputs != ['"dna"']:
        given = f"inputs={_several(inputs)}, "
    return f"rczoo.conjoin(model, {given}outputs={_several(outputs)})"


def _several(specs: list[str]) -> str:
    return specs[0] if len(specs) == 1 else f"({', '.join(specs)})"


def _typed(spec: object) -> str:
    """A spec as it is typed."""
    action = spec if spec == "positions" else as_action(spec)  # type: ignore[arg-type]
    if isinstance(action, RepAction):
        notation = "dna" if action.rep == Rep.dna() else str(action.rep)
        return f'channels_last("{notation}")' if action.last else f'"{notation}"'
    if action is as_action(None):
        return "None"
    return (
        repr(action)
        if action == "positions"
        else getattr(action, "__name__", repr(action)).replace("<lambda>", "...")
    )
