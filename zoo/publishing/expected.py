"""What published models answer: a file for each task, of its first test sequences and the models' outputs.

It lies beside the models' folders and tells whether a model is still what it was. No hub has to offer it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from rczoo.data.preparation import load_examples
from rczoo.data.task import Task
from rczoo.evaluation.losses import first
from rczoo.family.ensembles import Model
from rczoo.files.atomic import write_bytes
from rczoo.files.storage import read_json
from rczoo.inference.controls import zero_control
from rczoo.inference.outputs import name_outputs
from rczoo.symmetry import dna
from rczoo.symmetry.equivariance import equivariance_error

EXPECTED = "expected.json"
TOLERANCE = 1e-5
SEQUENCES = 10
"""Sequences whose outputs are kept: enough to tell models apart, few to read."""


class Expected(NamedTuple):
    """Sequences as text, and what a model answers: its first output, in lists."""

    sequences: list[str]
    outputs: Any


def expected(model: Model, task: Task) -> Expected:
    """The first test sequences of a task, and what the model answers."""
    examples = load_examples(task, "test")
    sequences = [dna.decode(codes) for codes in examples.take(range(min(SEQUENCES, len(examples)))).codes]
    return Expected(sequences, _rounded(answers(model, sequences).tolist()))


def read(folder: Path) -> Expected:
    """What is kept of the model published in ``folder``, which is ``models/TASK/STRATEGY``."""
    content = read_json(folder.parent / EXPECTED)
    return Expected(content["sequences"], content["outputs"][folder.name])


def keep(folder: Path, made: Expected) -> None:
    """Keep what the model published in ``folder`` answers, beside what others of its task do.

    Raises ValueError where those were asked for other sequences: the task's examples have changed.
    """
    path = folder.parent / EXPECTED
    content = read_json(path) if path.exists() else {"sequences": made.sequences, "outputs": {}}
    if content["sequences"] != made.sequences:
        raise ValueError(
            f"{path} has other sequences than {folder.parent.name} begins its test split with now: restore "
            f"the data, or remove {folder.parent} and publish the task anew"
        )
    _write(path, Expected(made.sequences, {**content["outputs"], folder.name: made.outputs}))


def reproduce(model: Model, made: Expected) -> tuple[torch.Tensor, torch.Tensor]:
    """A model's outputs for the sequences that were kept, and the outputs that were."""
    return answers(model, made.sequences), torch.tensor(made.outputs)


def answers(model: Model, sequences: Sequence[str]) -> torch.Tensor:
    """A model's first output for sequences, in eval mode."""
    with torch.no_grad():
        return first(model.eval()(*inputs(model, sequences)))


def equivariance(model: Model, sequences: Sequence[str]) -> float:
    """The equivariance error of a published file, on the sequences that were kept."""
    return equivariance_error(model, *inputs(model, sequences))


def inputs(model: Model, sequences: Sequence[str]) -> list[torch.Tensor]:
    """Sequences as a model reads them; control tracks, if it has any, without signal."""
    X = torch.cat([dna.one_hot(sequence) for sequence in sequences])
    control = zero_control(model.rep_in, len(X), name_outputs(model, {}))
    return [X] if control is None else [X, torch.from_numpy(control)]


def _write(path: Path, content: Expected) -> None:
    """A line for each model, so that a difference between two versions shows which models differ."""
    lines = ",\n".join(
        f"{json.dumps(name)}: {_compact(content.outputs[name])}" for name in sorted(content.outputs)
    )
    head = f'"sequences": {_compact(content.sequences)}'
    write_bytes(path, f'{{{head}, "outputs": {{\n{lines}\n}}}}\n'.encode())


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _rounded(values: Any) -> Any:
    """Numbers with as many digits as single precision has, in lists however deep."""
    return [_rounded(v) for v in values] if isinstance(values, list) else float(f"{values:.8g}")
