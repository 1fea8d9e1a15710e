"""The trunk of the family: against loops, in both executions, at every mixing."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import one_hot
from rczoo.family.trunk import Block, BlockShape, GainConv1d, Trunk, is_dense
from rczoo.symmetry.equivariance import relative_error
from rczoo.testing import (
    inputs_of,
    integer_tensor,
    mixings,
    networks,
    normal_tensor,
    palindromes,
    randomise,
    seeds,
)
from tests.proofs.test_laws import DNA, network_error, rc
from tests.support import family_loops
from tests.support.strategies import fill_with_integers, outputs_of


@st.composite
def shapes(draw, norm):
    """One to four blocks; a residual one has an even shrinkage and is never the first."""
    blocks = []
    for n in range(draw(st.integers(1, 4))):
        residual = n > 0 and draw(st.booleans())
        kernel = draw(st.sampled_from([1, 3] if residual else [1, 2, 3, 4]))
        blocks.append(BlockShape(kernel, draw(st.integers(1, 3)), draw(norm), residual))
    return blocks


@st.composite
def trunks(draw, norm=None):
    blocks, filters = draw(shapes(st.just(False) if norm is None else norm)), draw(st.integers(1, 4))
    gain = draw(st.sampled_from([1.0, 2.0]))
    return Trunk(blocks, filters, draw(mixings(len(blocks))), gain).double().eval()


def as_loops(trunk):
    """The trunk's numbers as the reference wants them."""
    blocks = []
    for block in trunk.blocks:
        norm = None
        if block.shape.norm:
            n = block.norm
            values = (n.running_mean, n.running_var, n.eps, n.weight, n.bias)
            norm = [v.detach().numpy() if isinstance(v, torch.Tensor) else v for v in values]
        kernel, bias = block.conv.effective_weight().detach().numpy(), block.conv.bias.detach().numpy()
        blocks.append(
            {
                "kernel": kernel,
                "bias": bias,
                "dilation": block.shape.dilation,
                "exchanged": kernel.shape[1] - (trunk.filters if blocks else 4),
                "norm": norm,
                "residual": block.shape.residual,
            }
        )
    return blocks


@given(trunks(), st.integers(1, 3), seeds())
def test_both_executions_are_exactly_the_loops(trunk, batch, seed):
    fill_with_integers(trunk, seed)
    x = integer_tensor(seed, batch, 4, trunk.shrinkage + 3)
    loops = [torch.from_numpy(z) for z in family_loops.trunk(x.numpy(), as_loops(trunk))]
    for execution in ("frames", "tied"):
        for stack in (False, True):
            frames = trunk(x, 2, stack, execution)
            turned = trunk(rc(DNA, x), 2, stack, execution)
            for z, swapped, loop in zip(frames, turned[::-1], loops, strict=True):
                assert torch.equal(z, loop)
                assert torch.equal(swapped, loop)
    exchanged = [block.exchanged for block in trunk.blocks]
    assert [b["exchanged"] for b in as_loops(trunk)] == exchanged
    if not any(exchanged):
        assert torch.equal(trunk(x, 1, False, "frames")[0], loops[0])


@given(trunks(norm=st.booleans()), st.booleans(), seeds())
def test_executions_agree_with_norms(trunk, training, seed):
    """In eval mode with drawn statistics, and in train mode, which pools both strands and leaves the same."""
    randomise(trunk, seed).train(training)
    x = normal_tensor(seed, 3, 4, trunk.shrinkage + 3)
    state = {name: value.clone() for name, value in trunk.state_dict().items()}
    results = {}
    for execution in ("frames", "tied"):
        trunk.load_state_dict(state)
        results[execution] = trunk(x, 2, training, execution), dict(trunk.state_dict())
        results[execution][1].update({n: v.clone() for n, v in trunk.state_dict().items()})
    for u, v in zip(results["frames"][0], results["tied"][0], strict=True):
        assert relative_error(v, u) < 1e-12
    for name, value in results["frames"][1].items():
        torch.testing.assert_close(results["tied"][1][name], value, rtol=1e-12, atol=1e-14)
    if not training:
        loops = family_loops.trunk(x.numpy(), as_loops(trunk))
        for u, loop in zip(results["frames"][0], loops, strict=True):
            assert relative_error(u, torch.from_numpy(loop)) < 1e-12


@pytest.mark.parametrize(
    ("filters", "mixing", "received"),
    [
        (16, 0.5, 8),
        (16, 0.25, 4),
        (3, 0.5, 2),
        (5, 0.5, 2),
        (4, 0.1, 0),
        (1, 0.5, 0),
        (1, 0.51, 1),
        (7, 1, 7),
    ],
)
def test_shares_become_filters_by_rounding_as_python_does(filters, mixing, received):
    trunk = Trunk([BlockShape(2), BlockShape(2)], filters, [mixing])
    assert [block.exchanged for block in trunk.blocks] == [0, received]
    assert trunk.blocks[1].conv.weight.shape == (filters, filters + received, 2)
    assert trunk.blocks[0].conv.weight.shape == (filters, 4, 2)
    assert trunk.shrinkage == 2


def test_blocks_start_as_the_paper_says():
    torch.manual_seed(0)
    block = Block(BlockShape(15, norm=True), 300, 200, 100, 1.0)
    bound = (6 / (15 * (400 + 200))) ** 0.5
    assert 0.99 * bound < block.conv.weight.abs().max() <= bound
    assert not block.conv.bias.any()
    assert (block.norm.eps, block.norm.momentum) == (1e-3, 0.01)
    free = GainConv1d(4, 2, 75, fans=(200, 400)).weight.abs().max()
    assert 0.9 * (6 / (75 * 600)) ** 0.5 < free <= (6 / (75 * 600)) ** 0.5


@given(st.sampled_from([0.0, 0.5, 1.0]), seeds())
def test_features_stay_where_the_sequence_is(mixing, seed):
    """A change at one base reaches the positions whose window holds it, in both strands, and no others."""
    trunk = randomise(Trunk([BlockShape(3), BlockShape(3)], 4, [mixing]).double(), seed)
    x, changed = normal_tensor(seed, 1, 4, 15).repeat(2, 1, 1), seed % 15
    x[1, :, changed] += 10
    z0, z1 = trunk(x, 2, False, "frames")
    for z, place in ((z0, changed), (z1, 14 - changed)):
        touched = ((z[0] - z[1]).abs() > 1e-9).any(0).nonzero().flatten().tolist()
        assert set(touched) <= {t for t in range(11) if t <= place <= t + 4}


@given(networks(), st.integers(1, 4), seeds())
def test_members_are_equivariant(network, batch, seed):
    """Exactly on frames in eval mode, and to rounding when tied or in train mode."""
    inputs = inputs_of(network, batch, seed)
    assert network_error(network, inputs) == 0
    direct = outputs_of(network(*inputs))
    network.execution = "tied"
    assert network_error(network, inputs) < 1e-11
    agree = [relative_error(t, y) for t, y in zip(outputs_of(network(*inputs)), direct, strict=True)]
    assert max(agree) < 1e-11
    network.execution = "frames"
    if batch > 1 and network.config.architecture != "bpnet":
        assert network_error(network.train(), inputs) < 1e-10


@given(networks(merge=st.sampled_from(["sum", "mean", "max"])), st.data())
def test_palindromes_get_symmetric_answers(network, data):
    length = network.config.length
    half = data.draw(palindromes(max_half=20))
    middle = (length - len(half)) // 2
    codes = "N" * middle + half + "N" * (length - middle - len(half))
    codes = codes if codes == codes[::-1] or (length - len(half)) % 2 == 0 else "N" * length
    X = one_hot(codes, torch.float64)
    assert torch.equal(rc(DNA, X), X)
    inputs = [X]
    if network.control.channels:
        control = integer_tensor(1, 1, network.control.channels, network.output_length(length))
        inputs.append(control + rc(network.control, control))
    for y, rep in zip(outputs_of(network(*inputs)), network.rep_out, strict=True):
        assert torch.equal(rc(rep, y), y)


@pytest.mark.parametrize(("mixing", "dense"), [(1, 3), (0, 0), (0.5, 0), ((0, 1), 1), ((1, 0), 2)])
def test_tied_execution_is_dense_where_the_exchange_is_full(mixing, dense, monkeypatch):
    from rczoo import build

    calls, tied = [], Block.tied
    monkeypatch.setattr(Block, "tied", lambda self, x, rep: calls.append(rep) or tied(self, x, rep))
    network = build("tf-cnn", mixing=mixing, filters=16, length=71, pool=(8, 3), execution="tied").eval()
    network(inputs_of(network, 1, 0, torch.float32)[0])
    assert len(calls) == dense


def test_frames_survive_ties():
    """Of N alone every window ties; the gradient of a label still turns with the input."""
    from rczoo import build

    network = randomise(build("tf-cnn", mixing=0.5, filters=4, length=71, pool=(8, 3)).double().eval(), 3)
    x = torch.zeros(1, 4, 71, dtype=torch.float64, requires_grad=True)
    network(x).sum().backward()
    assert x.grad.abs().max() > 0
    assert relative_error(rc(DNA, x.grad), x.grad) < 1e-12
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize(
    ("filters", "share", "taps", "dense"),
    [(12, 0.25, 14, False), (12, 0, 3, False), (12, 0.5, 14, True), (12, 1, 14, True), (8, 0.25, 21, True)],
)
def test_either_form_of_a_block_is_the_frames(filters, share, taps, dense):
    """The batch of frames where it saves much, one dense kernel where a copy costs more; gradients, too."""
    trunk = Trunk([BlockShape(5), BlockShape(taps, norm=True), BlockShape(3)], filters, [share, 1.0]).double()
    assert is_dense(filters, round(share * filters), taps) == dense
    found, x = [], normal_tensor(0, 2, 4, 40).requires_grad_()
    assert trunk._dense(x) == [dense, dense, True]
    for execution in ("frames", "tied"):
        frames = trunk(x, 2, True, execution)
        loss = frames[0].square().sum() + 2 * frames[1].sum()
        found.append([*frames, *torch.autograd.grad(loss, [x, *trunk.parameters()])])
    torch.testing.assert_close(*found)
