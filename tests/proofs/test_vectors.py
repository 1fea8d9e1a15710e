"""The package computes what Coq's extracted definitions compute, and faults put into it are noticed."""

import pytest
import torch
from torch.nn import functional as F

from proofs.coq import comparison
from proofs.coq.comparison import COMPARISONS, cases, disagreements
from rczoo.family import embedding
from rczoo.nn.convolution import RCConv1d
from rczoo.symmetry import dna, frames
from rczoo.symmetry.rep import Rep


@pytest.mark.parametrize("kind", COMPARISONS)
def test_the_package_agrees_with_coq(kind):
    wrong = [case for case in cases(kind) if not COMPARISONS[kind](case)]
    assert not wrong, wrong[0]


def test_there_are_many_cases_and_the_edges_are_among_them():
    assert sum(len(cases(kind)) for kind in COMPARISONS) >= 2000
    assert any(not case["partners"] for case in cases("act"))
    assert any(-1 in case["signs"] for case in cases("act"))
    for side in ("in", "out"):
        assert any(not case[side]["partners"] for case in cases("tie"))
    assert {case["kernel"] for case in cases("tie")} >= {1, 2}
    assert any(case["stride"] > case["kernel"] for case in cases("conv"))
    shares = {
        (0 < case["share"][0] < 64, int(case["answer"][0]) / case["filters"]) for case in cases("exchange")
    }
    assert {(True, 0), (True, 1)} <= shares, "shares that round to none and to all filters"


def without_reversed_taps(monkeypatch):
    right = RCConv1d.kernel

    def kernel(self):
        dense = right(self).clone()
        second = [row for row, partner in enumerate(self.rep_out.partners) if partner < row]
        dense[second] = dense[second].flip(-1)
        return dense

    monkeypatch.setattr(RCConv1d, "kernel", kernel)


def exchange_without_flip(monkeypatch):
    monkeypatch.setattr(frames, "flip", lambda x: x)


def mean_as_sum(monkeypatch):
    monkeypatch.setitem(frames._MERGES, "mean", torch.add)


def wrong_remainder(monkeypatch):
    right = comparison.window_remainder
    monkeypatch.setattr(
        comparison, "window_remainder", lambda name, L, K, s, d, p: right(name, L + 1, K, s, d, p)
    )


def old_kernel_last(monkeypatch):
    right = embedding.embed

    def embed(network, mixing):
        larger = right(network, mixing)
        block = larger.trunk.blocks[1].conv.weight
        gained = block.shape[1] - network.trunk.blocks[1].conv.weight.shape[1]
        with torch.no_grad():
            block.copy_(block.roll(gained, 1))
        return larger

    monkeypatch.setattr(comparison, "embed", embed)


def another_base_order(monkeypatch):
    monkeypatch.setattr(dna, "_ROWS", dna._ROWS[[0, 2, 1, 3, 4]])
    monkeypatch.setattr(dna, "_COMPLEMENT", dna._COMPLEMENT[[1, 0, 3, 2, 4]])


def half_up(monkeypatch):
    monkeypatch.setattr("rczoo.family.trunk.round", lambda x: int(x + 0.5), raising=False)


def agreement_not_halved(monkeypatch):
    right = comparison.agreement_loss
    monkeypatch.setattr(comparison, "agreement_loss", lambda loss, u, v, y, a: right(loss, u, v, y, 2 * a))


def unsigned(monkeypatch):
    def act(self, x):
        y = x[:, list(self.partners)]
        return y.flip(-1) if x.ndim == 3 else y

    monkeypatch.setattr(Rep, "act", act)


def dilation_ignored(monkeypatch):
    monkeypatch.setattr(
        "rczoo.nn.convolution.F.conv1d",
        lambda x, w, b, s, p, d, g, right=F.conv1d: right(x, w, b, s, p, 1, g),
    )


FAULTS = {
    without_reversed_taps: "tie",
    exchange_without_flip: "exchange",
    half_up: "exchange",
    mean_as_sum: "merge",
    wrong_remainder: "geometry",
    old_kernel_last: "embed",
    another_base_order: "dna",
    agreement_not_halved: "agreement",
    unsigned: "act",
    dilation_ignored: "conv",
}


@pytest.mark.parametrize(("fault", "kind"), FAULTS.items(), ids=lambda x: getattr(x, "__name__", x))
def test_faults_are_noticed(monkeypatch, fault, kind):
    fault(monkeypatch)
    monkeypatch.setattr(comparison, "COMPARISONS", {kind: COMPARISONS[kind]})
    monkeypatch.setattr(comparison, "cases", lambda kind: cases(kind)[:80])
    try:
        assert any(f"cases of {kind} differ" in line for line in disagreements())
    except RuntimeError:  # shapes that do not fit are noticed, too
        assert kind in ("tie", "exchange", "conv")
