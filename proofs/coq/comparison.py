"""The package against the definitions that Coq extracts: equal, number by number, in float64."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rczoo import Rep, build, embed
from rczoo.evaluation import agreement_loss
from rczoo.family.trunk import BlockShape, Trunk
from rczoo.nn import RCConv1d, RCMaxPool1d
from rczoo.symmetry import dna
from rczoo.symmetry.frames import exchange, exchange_stacked, merge
from rczoo.symmetry.geometry import check_geometry, window_remainder

CASES = Path(__file__).with_name("vectors.jsonl")
Case = dict[str, Any]


def tensor(numbers: list[str], *shape: int) -> Tensor:
    """Rationals whose denominators are powers of two, which float64 holds exactly."""
    return torch.tensor([float(Fraction(n)) for n in numbers], dtype=torch.float64).view(*shape)


def rep(case: Case) -> Rep:
    """Any order of channels."""
    return Rep.from_partners(case["partners"], case["signs"])


def refuses(use: Callable[..., object], *arguments: object) -> bool:
    """Whether it raises ValueError."""
    try:
        use(*arguments)
    except ValueError:
        return True
    return False


def fill(layer: RCConv1d, kernel: Tensor) -> Tensor:
    """Give a layer weights with which its kernel begins with this one; return the kernel that it then has."""
    with torch.no_grad():
        layer.weight.copy_(torch.arange(1, layer.weight.numel() + 1))
        which = (
            layer.kernel()[: len(kernel)].flatten().long()
        )  # each entry: plus or minus its weight's number
        known = which != 0
        layer.weight[which[known].abs() - 1] = (kernel.flatten() * which.sign())[known]
        return layer.kernel()


def act(case: Case) -> bool:
    """Rep.act."""
    channels, length = len(case["partners"]), case["length"]
    x, y = tensor(case["x"], 1, channels, length), tensor(case["answer"], 1, channels, length)
    return torch.equal(rep(case).act(x), y)


def tie(case: Case) -> bool:
    """RCConv1d's kernel: every tied kernel is one. A Rep without channels has none, and no layer takes it."""
    rep_in, rep_out = rep(case["in"]), rep(case["out"])
    tied = tensor(case["answer"], rep_out.channels, rep_in.channels, case["kernel"])
    if not tied.numel():
        return not case["answer"] and _is_refused(rep_in, rep_out, case["kernel"])
    return torch.equal(fill(RCConv1d(rep_in, rep_out, case["kernel"], bias=False).double(), tied), tied)


def _is_refused(rep_in: Rep, rep_out: Rep, kernel_size: int) -> bool:
    try:
        RCConv1d(rep_in, rep_out, kernel_size)
    except ValueError:
        return True
    return False


def conv(case: Case) -> bool:
    """RCConv1d's forward, on the half of its filters that are free."""
    sizes = [case[key] for key in ("kernel", "stride", "dilation", "padding")]
    k, stride, dilation, padding = sizes
    channels, filters = case["in"], case["out"]
    layer = RCConv1d(f"{channels}t", f"{filters}r:halves", k, False, stride, dilation, padding).double()
    fill(layer, tensor(case["w"], filters, channels, k))
    y = layer(tensor(case["x"], 1, channels, case["length"]))[:, :filters]
    return torch.equal(y, tensor(case["answer"], 1, filters, case["windows"]))


def exchanged(case: Case) -> bool:
    """How many filters a share is, and exchange, of frames and of both as one batch."""
    filters, length, (part, whole) = case["filters"], case["length"], case["share"]
    k, answer = int(case["answer"][0]), case["answer"][1:]
    frames = tuple(tensor(case[key], 1, filters, length) for key in ("own", "other"))
    wanted = tensor(answer, 2, filters + k, length)
    trunk = Trunk([BlockShape(1), BlockShape(1)], filters, [part / whole])
    got = torch.cat(exchange(frames, k)), exchange_stacked(torch.cat(frames), k)
    return trunk.blocks[1].exchanged == k and all(torch.equal(one, wanted) for one in got)


def merged(case: Case) -> bool:
    """merge."""
    shape = 1, len(case["partners"]), case["length"]
    u, v, y = (tensor(case[key], *shape) for key in ("u", "v", "answer"))
    return torch.equal(merge((u, v), rep(case), case["how"]), y)


@cache
def network(filters: int, received: int) -> Any:
    """A small member whose second block receives so many filters."""
    options = {"filters": filters, "length": 60, "pool": (8, 1)}
    return build("tf-cnn", mixing=(received / filters, 0), merge="mean", **options).double()


def embedded(case: Case) -> bool:
    """embed, on the second block's kernel, whose taps beyond those of the case are zero."""
    filters, old, new, k = (case[key] for key in ("filters", "old", "new", "kernel"))
    small = network(filters, old)
    with torch.no_grad():
        small.trunk.blocks[1].conv.weight.zero_()[..., :k] = tensor(case["w"], filters, filters + old, k)
    weight = embed(small, (new / filters, 0)).trunk.blocks[1].conv.weight
    wanted = torch.zeros_like(weight)
    wanted[..., :k] = tensor(case["answer"], filters, filters + new, k)
    return torch.equal(weight, wanted)


def geometry(case: Case) -> bool:
    """The remainder; layers refuse one; a pool takes no windows but those that mirror each other."""
    settings = ("length", "kernel", "stride", "dilation", "padding")
    length, k, stride, dilation, padding = (case[name] for name in settings)
    remainder, mirrored = map(int, case["answer"])
    if window_remainder("layer", length, k, stride, dilation, padding) != remainder:
        return False
    if refuses(check_geometry, "layer", length, k, stride, dilation, padding) != bool(remainder):
        return False
    pool = RCMaxPool1d("1t", k, stride, padding)
    accepted = dilation > 1 or not refuses(pool, torch.zeros(1, 1, length))
    return dilation > 1 or (accepted <= bool(mirrored) and accepted >= (remainder == 0))


def agreement(case: Case) -> bool:
    """agreement_loss, for the squared error."""
    weight, u, v, y = (tensor([case[key]], 1, 1) for key in ("agreement", "u", "v", "y"))
    loss = agreement_loss(torch.nn.functional.mse_loss, u, v, y, float(weight))
    return loss.item() == tensor(case["answer"], 1).item()


def base_order(case: Case) -> bool:
    """Reverse complement of strings, and of their one-hot rows."""
    sequence, (turned, *rows) = case["sequence"], case["answer"]
    wanted = tensor(rows, 1, 4, len(sequence)).float()
    same = torch.equal(dna.one_hot(turned), wanted)
    return same and dna.reverse_complement(sequence) == turned and torch.equal(
        Rep.dna().act(dna.one_hot(sequence)), wanted
    )  # fmt: skip


COMPARISONS: dict[str, Callable[[Case], bool]] = {
    "act": act, "tie": tie, "conv": conv, "exchange": exchanged, "merge": merged, "embed": embedded,
    "geometry": geometry, "agreement": agreement, "dna": base_order,
}  # fmt: skip
"""What each kind of question is compared with."""


def cases(kind: str) -> list[Case]:
    """The questions of one kind, each with its ``answer``."""
    return [case for case in _all_cases() if case["kind"] == kind]


@cache
def _all_cases() -> list[Case]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


def disagreements() -> Iterator[str]:
    """One line for each kind on which package and extracted definitions disagree, with the first case."""
    for kind, agrees in COMPARISONS.items():
        all_cases = cases(kind)
        if not all_cases:
            yield f"vectors: there are no cases of {kind}"
        wrong = [case for case in all_cases if not agrees(case)]
        if wrong:
            first = json.dumps(wrong[0])
            yield f"vectors: {len(wrong)} of {len(all_cases)} cases of {kind} differ, first {first}"
