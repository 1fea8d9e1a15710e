"""The log-likelihood of a whole sequence under a model of the next base, which may be conjoined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..symmetry.actions import argument_names


class SequenceLikelihood(nn.Module):
    """From a causal language model to the log-likelihood of each whole sequence, but for its first base.

    Position i of such a model's logits predicts base i + 1, and on the other strand base i - 1, so that
    merged logits would have seen their answer. A whole sequence has one likelihood, whose mean over strands
    is ``rczoo.conjoin(SequenceLikelihood(model), inputs=..., outputs="1t")``. Output: (batch, 1).

    Args:
        model: its first input is token ids (batch, length) or one-hot bases (batch, channels, length).
        output: the name of the logits, where the model returns a mapping or an object.
        channels_last: whether they, and one-hot bases, are (batch, length, channels).
    """

    def __init__(self, model: nn.Module, output: str | None = None, channels_last: bool = False) -> None:
        super().__init__()
        self.model, self.output, self.channels_last = model, output, channels_last
        self.argument_names = argument_names(model)

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """The log-likelihood in nats, (batch, 1).

        Args:
            *args: the model's own inputs, the bases first.
            **kwargs: those that it takes by name.
        """
        sequence = args[0] if args else kwargs[self.argument_names[0]]
        found = self.model(*args, **kwargs)
        if self.output is not None:
            found = found[self.output] if isinstance(found, Mapping) else getattr(found, self.output)
        elif isinstance(found, list | tuple):
            found = found[0]
        logits = found if self.channels_last else found.transpose(1, 2)
        predicted = torch.log_softmax(logits[:, :-1], dim=-1)
        if not sequence.is_floating_point():
            chosen: Tensor = predicted.gather(2, sequence[:, 1:, None])[..., 0]
            return chosen.sum(1, keepdim=True)
        bases = sequence if self.channels_last else sequence.transpose(1, 2)
        scores: Tensor = (predicted * bases[:, 1:]).sum((1, 2))
        return scores[:, None]
