"""All numbers of one trained model: every split, and what its per-example values are for later."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from rczoo.data.batches import Plain
from rczoo.data.examples import Examples
from rczoo.data.task import Task
from rczoo.evaluation.agreement import agreement_loss
from rczoo.evaluation.losses import first, in_bins, loss_of
from rczoo.evaluation.metrics import profile_values
from rczoo.evaluation.scoring import errors, predict, scores
from rczoo.family.config import NetworkConfig
from rczoo.family.ensembles import EnsembleConfig, Model

from ..splits import examples_of, splits

PROBED = 64
BATCH = 500
LEFT_OUT = ("examples", "undefined")

Scores = dict[str, dict[str, float]]
"""By split and metric."""


def score(model: Model, task: Task, wanted: Sequence[str] = ()) -> tuple[Scores, np.ndarray]:
    """The metrics on the wanted splits (default: all), and the test split's :func:`per_example` values."""
    found: Scores = {}
    for split in wanted or splits(task):
        examples = examples_of(task, split)
        logits, target = predict(model, Plain(examples, BATCH), task.name)
        values = {**scores(task, logits, target), "loss": loss_of(task.kind)(logits, target).item()}
        found[split] = {name: value for name, value in values.items() if name not in LEFT_OUT}
        if split == "test":
            kept = per_example(task, logits.numpy(), target.numpy())
            probe = examples.batch(np.arange(min(PROBED, len(examples))))
            found[split] |= errors(model, *(x for x in probe[:2] if x is not None))
            found[split] |= strands_apart(model, task, examples)
    return found, kept


def strands_apart(model: Model, task: Task, examples: Examples) -> dict[str, float]:
    """The distance J between the two strands' answers before their merge, in nats, mean over examples.

    It is what merging by mean takes from the loss of one strand's answer (T13). Nothing for a model that has
    no two answers, or whose merge is not their mean.
    """
    if not model.equivariant or model.config.merge != "mean":
        return {}
    loss, total = loss_of(task.kind), 0.0
    with torch.no_grad():
        for X, control, target in Plain(examples, BATCH):
            u0, u1 = (first(u) for u in model.strands(X, control))
            asked = in_bins(target, model.resolution)
            both = agreement_loss(loss, u0, u1, asked, 1) - agreement_loss(loss, u0, u1, asked, 0)
            total += both.item() * len(X)
    return {"strands_apart": total / len(examples)}


def per_example(task: Task, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """What a bootstrap over test examples needs: small, and enough without the model.

    Labels: the logits, (examples, labels) in half precision. Profiles: every metric of every example and
    factor, (metrics, examples, factors), NaN where undefined or not measured.
    """
    if task.kind == "labels":
        return np.clip(logits, -6e4, 6e4).astype(np.float16)
    predicted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    predicted /= predicted.sum(axis=-1, keepdims=True)
    values, _ = profile_values(target, predicted, task.rep_out[0])
    return np.stack(list(values.values())).astype(np.float32)


def mixing_text(config: NetworkConfig | EnsembleConfig) -> str:
    """The mixing of a built model as a table shows it: one number where all blocks share it.

    Of an ensemble that of its members, which are of one strategy.
    """
    one = config.members[0] if isinstance(config, EnsembleConfig) else config
    shares = [f"{share:g}" for share in one.mixing]
    return ";".join(shares[:1] if len(set(shares)) == 1 else shares)
