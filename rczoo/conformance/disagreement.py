"""J, the distance between two strands' answers by which the loss of their mean is lower than their mean loss.

It holds no label: ``(loss(u, y) + loss(v, y)) / 2 - loss((u + v) / 2, y)`` is the same for every y where the
loss is ``A(u) - <y, u> + c(y)``. Of probabilities it is the Bhattacharyya distance.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..symmetry.actions import Action


def label_disagreement(u: Tensor, v: Tensor) -> Tensor:
    """J of cross-entropy in nats, of each pair of logits: two tensors of one shape -> the same shape.

    With p and q the sigmoids it is ``-log(sqrt(p q) + sqrt((1 - p) (1 - q)))``, written so that it is never
    below 0, and 0 only where the logits are equal. Logits that are thousands apart overflow.
    """
    return torch.log1p((torch.sinh((u - v) / 4) / torch.cosh((u + v) / 4)) ** 2) / 2


def profile_disagreement(u: Tensor, v: Tensor) -> Tensor:
    """J of the multinomial likelihood in nats per count: two (..., length) of logits -> (...).

    With p and q the softmaxes over positions it is ``-log sum sqrt(p q)``; of N counts it is N times as much.
    """
    root_p, root_q = torch.log_softmax(u, dim=-1) / 2, torch.log_softmax(v, dim=-1) / 2
    apart = (root_p.exp() - root_q.exp()).square().sum(-1) / 2  # 1 - sum sqrt(p q)
    near = -torch.log1p(-apart.clamp(max=0.5))  # exact where p and q are alike, as the other is far apart
    return torch.where(apart < 0.5, near, -torch.logsumexp(root_p + root_q, dim=-1))


def disagreement(u: np.ndarray, v: np.ndarray, action: Action, profiles: bool) -> tuple[float, str]:
    """The mean J of one output's answers and its unit, or NaN and why the output has none.

    ``action`` is how RC acts on the output; ``profiles``: whether any output of the model has positions. What
    may be probabilities or rates is taken for logits, and the unit says so.
    """
    rep = getattr(action, "rep", None)
    if rep is None or getattr(action, "last", False) or rep.sign:
        return float("nan"), "neither labels nor a profile with channels first"
    if u.ndim < 3 and (profiles or rep.trivial < rep.channels):
        return float("nan"), "not labels, perhaps counts"
    J, unit = (
        (profile_disagreement, "nats per count") if u.ndim == 3 else (label_disagreement, "nats per example")
    )
    mean = J(torch.from_numpy(u), torch.from_numpy(v)).mean().item()
    likely = u.min() < 0 or (u.ndim < 3 and u.max() > 1)
    return mean, unit if likely else f"{unit} if these are logits"
