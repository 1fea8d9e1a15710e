"""One pass instead of two: each example is read from the strand that comes first in a fixed order.

With s = [R x < x], numbers compared in order, ``f(R^s x)`` turned back by ``R^s`` is equivariant for any f,
bit for bit: x and R x are read as the same sequence. A palindrome is its own reverse complement, and the
answer for it is made symmetric by the mean of itself turned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ._calls import examples_in

CANONICAL = "canonical"
"""The merge that reads one strand."""


class Choice(NamedTuple):
    """For each example of a batch, which strand is read."""

    swap: Tensor
    """Whether the reverse complement is read (batch,)."""
    palindrome: Tensor
    """Whether both strands are the same (batch,)."""

    def read(self, given: Tensor, turned: Tensor) -> Tensor:
        """The chosen strand of each example: (batch, ...)."""
        return torch.where(_along(self.swap, given), turned, given)

    def turned_back(self, answer: Any, turned: Any) -> Any:
        """An answer for the chosen strands, and the same reverse-complemented, as one for the given strand.

        Raises ValueError for a tensor that RC acts on and whose first axis is not the examples.
        """
        if turned is answer or not isinstance(turned, Tensor):
            return answer
        if turned.shape[:1] != self.swap.shape:
            raise ValueError(
                f"conjoin: merge 'canonical' turns the answer of each of {len(self.swap)} examples, but an "
                f"output has shape {tuple(turned.shape)}: take merge='mean', or give it the spec None"
            )
        one = self.read(answer, turned)
        return torch.where(_along(self.palindrome, one), (answer + turned) / 2, one)

    def then(self, found: Choice) -> Choice:
        """This choice, and another where both strands are the same so far."""
        swap = torch.where(self.palindrome, found.swap, self.swap)
        return Choice(swap, self.palindrome & found.palindrome)

    def shared_by(self, number: int) -> Choice:
        """Of each ``number`` consecutive examples the first that is no palindrome decides for all."""
        palindrome = self.palindrome.view(-1, number)
        first = (~palindrome).to(torch.uint8).argmax(1, keepdim=True)
        swap = self.swap.view(-1, number).gather(1, first)
        return self._replace(swap=swap.expand_as(palindrome).flatten())


def choose(pairs: Iterable[tuple[Any, Any]]) -> Choice:
    """The strand of each example that comes first: ``pairs`` of inputs (batch, ...) and their complements.

    Raises ValueError where these are no tensors with the examples as first axis.
    """
    given = list(pairs)
    examples_in((x for x, _ in given), "merge 'canonical' chooses a strand for each example")
    choice = None
    for x, turned in given:
        found = _first_difference(_rows(x), _rows(turned))
        choice = choice.then(found) if choice else found
    assert choice is not None
    return choice


def _first_difference(x: Tensor, turned: Tensor) -> Choice:
    """Rows (batch, numbers) compared in the order of their numbers."""
    if not x.shape[1]:
        none = torch.zeros(x.shape[0], dtype=torch.bool, device=x.device)
        return Choice(none, ~none)
    differ = x != turned
    place = differ.to(torch.uint8).argmax(1, keepdim=True)  # of equal numbers the first
    return Choice((turned < x).gather(1, place)[:, 0], ~differ.any(1))


def _rows(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], prod(x.shape[1:]))


def _along(rows: Tensor, x: Tensor) -> Tensor:
    """One truth value an example, for a tensor (batch, ...)."""
    return rows.view(-1, *[1] * (x.ndim - 1))


@contextmanager
def read_alike(model: nn.Module, number: int) -> Iterator[None]:
    """Inside it, of each ``number`` consecutive examples the first decides which strand is read of all.

    So that the alleles of a variant, reference first, are read from one strand and not from two. It matters
    for models conjoined with ``merge="canonical"``, and for no others.
    """
    parts: list[Any] = [part for part in model.modules() if hasattr(part, "examples_alike")]
    for part in parts:
        part.examples_alike = number
    try:
        yield
    finally:
        for part in parts:
            part.examples_alike = 1
