"""What the tests of peers assert of their layers, asserted of ours.

equirc (Mallet and Vert 2021; ``Reg`` is pairs first with last, ``Irrep(a, b)`` is ``at+bs``), rcps-pytorch,
keras-genomics, Caduceus (features first with last, channels last there), emlp and escnn for the group of two
elements. In words of our own; where they allow 1e-5, the law is asked to rounding.
"""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from rczoo import Rep, equivariance_error, tokens
from rczoo.nn import (
    RCActivation,
    RCAttention,
    RCBatchNorm1d,
    RCChannelDropout,
    RCConv1d,
    RCConvTranspose1d,
    RCDropout,
    RCEmbedding,
    RCFlatten,
    RCGroupNorm,
    RCKmers,
    RCLayerNorm,
    RCLinear,
    RCMaxPool1d,
    RCMerge,
    RCResidual,
    RCRMSNorm,
    RCSequential,
    RCUpsample,
)
from rczoo.testing import normal_tensor, randomise
from tests.support.layer_laws import law_error, turned
from tests.support.layer_loops import dimension

DNA = Rep.dna()


def one_hot(length, batch=1):
    codes = torch.randint(0, 4, (batch, length), generator=torch.Generator().manual_seed(length))
    return nn.functional.one_hot(codes, 4).mT.double()


def reg(n):
    return Rep(f"{n}r:flip")


def irrep(a, b):
    return Rep(f"{a}t+{b}s")


# equirc


WIDTHS = list(product(range(1, 4), repeat=4))
KINDS = [kinds for kinds in product(range(2), repeat=4) if any(kinds[:2]) and any(kinds[2:])]


@pytest.mark.parametrize("kinds", KINDS, ids=str)
def test_equirc_grid_of_layers(kinds):
    """Reg to Reg to Irrep to Irrep to Reg: two sizes, kernel sizes 1 to 3 of each; 1458 chains in all."""
    middle, last = irrep(*kinds[:2]), irrep(*kinds[2:])
    torch.manual_seed(0)
    x, alive = one_hot(12), 0
    for size, widths in product((1, 2), WIDTHS):
        sign = torch.tanh if last.sign else None
        chain = RCSequential(
            RCConv1d(reg(2), reg(size), widths[0]),
            RCConv1d(reg(size), middle, widths[1]),
            RCConv1d(middle, last, widths[2]),
            RCActivation(last, torch.relu, sign=sign),
            RCConv1d(last, reg(1), widths[3]),
        ).double()
        assert equivariance_error(chain, x) < 1e-12, (size, widths)
        alive += bool(chain(x).any())
    assert alive > len(WIDTHS) / 2  # one channel may be negative, or out of reach of width 1


def test_equirc_merges_of_regular_and_irreducible_features_are_invariant():
    """Averaged over strands: pairs to what both have, sign channels to their size, then over positions."""
    x = one_hot(40)
    regular = RCSequential(RCConv1d(reg(2), reg(3), 3), RCMerge(reg(3))).double()
    assert torch.equal(regular.rep_out.act(regular(x)), regular(x).flip(2))
    irreducible = RCConv1d(reg(2), irrep(2, 3), 3).double()
    y, z = irreducible(x), irreducible(DNA.act(x))
    torch.testing.assert_close(y[:, :2] + y[:, :2].flip(2), z[:, :2] + z[:, :2].flip(2))
    torch.testing.assert_close(y[:, 2:] - y[:, 2:].flip(2), z[:, 2:] - z[:, 2:].flip(2))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_equirc_kmers(k):
    x, layer = one_hot(40), RCKmers(k)
    assert torch.equal(layer(x).sum(1), torch.ones(1, 41 - k).double())
    assert law_error(layer, x) == 0


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (1, 1), (2, 2)])
def test_equirc_batch_norm(a, b):
    """In train mode and, after running statistics have moved, in eval mode."""
    layers = RCSequential(
        RCBatchNorm1d(reg(2)), RCConv1d(reg(2), irrep(a, b), 4), RCBatchNorm1d(irrep(a, b))
    ).double()
    x = one_hot(10, batch=3)
    for training in (True, False):
        assert law_error(layers.train(training), x) < 1e-12


# rcps-pytorch


def test_rcps_pytorch_example_network():
    """Three convolutions with padding "same", norms, and the sum of both strands."""
    network = RCSequential(
        RCConv1d(DNA, "8r:halves", 3, padding="same"),
        RCConv1d("8r:halves", "16r:halves", 3, padding="same"),
        RCBatchNorm1d("16r:halves"),
        RCConv1d("16r:halves", "3r:halves", 3, padding="same"),
        RCBatchNorm1d("3r:halves"),
        RCMerge("3r:halves", "sum"),
    ).double()
    x = one_hot(13)
    assert network(x).shape == (1, 3, 13)
    assert law_error(network, x) < 1e-12


# keras-genomics


def test_keras_genomics_convolution_has_half_of_the_weights():
    """Filters come in pairs: 2F outputs of F kernels, and F biases; the second half is the first reversed."""
    layer = RCConv1d(DNA, "5r:flip", 7, padding="same")
    assert (layer.weight.numel(), layer.bias.numel()) == (5 * 4 * 7, 5)
    assert torch.equal(layer.kernel(), layer.kernel().flip(0, 1, 2))


def test_keras_genomics_dense_after_convolution():
    """Half of the rows are free, the others these reversed in positions and channels; invariant."""
    length, pairs, units = 6, 3, 2
    head = RCSequential(
        RCFlatten(reg(pairs), length), RCLinear(RCFlatten(reg(pairs), length).rep_out, f"{units}t")
    ).double()
    randomise(head, 0)
    assert head[1].weight.numel() == length * pairs * units
    kernel = head[1].kernel()[..., 0].view(units, 2 * pairs, length)
    assert torch.equal(kernel, kernel.flip(1, 2))
    x = normal_tensor(0, 2, 2 * pairs, length)
    assert torch.allclose(head(x), head(x.flip(1, 2)), rtol=1e-12)


@pytest.mark.parametrize("length", [5, 6])
def test_keras_genomics_symmetric_weights_of_positions(length):
    """A sum over positions for each channel: a depthwise convolution as long as the sequence."""
    layer = randomise(RCConv1d(reg(3), reg(3), length, bias=False, groups=6).double(), 0)
    x = normal_tensor(0, 2, 6, length)
    y = layer(x)
    assert torch.allclose(y[..., 0], (x * layer.kernel()[:, 0]).sum(2))
    assert law_error(layer, x) < 1e-12
    assert layer.weight.numel() == 3 * length


def test_keras_genomics_batch_norm_pools_both_strands():
    norm, x = RCBatchNorm1d(reg(2), momentum=1.0).double().train(), normal_tensor(0, 4, 4, 5) + 3
    norm(x)
    for n, (a, b) in enumerate(((0, 3), (1, 2))):
        assert norm.running_mean[n].item() == pytest.approx(x[:, [a, b]].mean().item())


# Caduceus


IDS = {"[CLS]": 0, "[MASK]": 1, "A": 2, "C": 3, "G": 4, "T": 5, "N": 6}
COMPLEMENT = [0, 1, 5, 4, 3, 2, *range(6, 16)]


def token_ids(batch, length):
    return torch.randint(1, 7, (batch, length), generator=torch.Generator().manual_seed(length))


def test_caduceus_embedding():
    layer, ids = RCEmbedding(COMPLEMENT, reg(16)).double(), token_ids(4, 50)
    assert layer(ids).shape == (4, 32, 50)
    assert torch.equal(layer(tokens(COMPLEMENT)(ids)).flip(1, 2), layer(ids))


def test_caduceus_wrapped_layers():
    """Linear maps with nonlinearities between, applied at every position."""
    layers = RCSequential(
        RCLinear(reg(8), reg(8), bias=False),
        RCActivation(reg(8)),
        RCLinear(reg(8), reg(16)),
        RCActivation(reg(16)),
        RCLinear(reg(16), reg(8)),
    ).double()
    randomise(layers, 0)
    x = normal_tensor(0, 2, 16, 30)
    assert torch.allclose(layers(x.flip(1, 2)).flip(1, 2), layers(x), rtol=1e-12)
    assert layers(x).shape == x.shape


@pytest.mark.parametrize("norm", [RCRMSNorm, RCLayerNorm])
def test_caduceus_norm_and_residual(norm):
    block = randomise(RCResidual(norm(reg(8)), RCLinear(reg(8), reg(8))).double(), 0)
    assert law_error(block, normal_tensor(0, 2, 16, 30)) < 1e-12


@pytest.mark.parametrize(("length", "pairs"), [(1, 1), (1, 8), (30, 1), (30, 8)])
def test_caduceus_language_model_head(length, pairs):
    """Logits of the complement at the mirrored position; probabilities, too."""
    vocabulary = Rep.from_partners(COMPLEMENT)
    head = randomise(RCLinear(reg(pairs), vocabulary, bias=False).double(), 0)
    x = normal_tensor(0, 2, 2 * pairs, length)
    logits, turned_logits = head(x), head(x.flip(1, 2))
    assert logits.shape == (2, 16, length)
    for y, z in ((logits, turned_logits), (logits.softmax(1), turned_logits.softmax(1))):
        assert torch.allclose(z[:, COMPLEMENT].flip(2), y, rtol=1e-12)


@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("position", ["bias", "rotary"])
def test_caduceus_masked_language_model(blocks, position):
    """Embedding, mixing of positions with norms and residuals, tied head: logits and backbone obey the law.

    Their mixer is a state-space model, ours attention.
    """
    rep = reg(4)

    def block():
        return [
            RCResidual(RCRMSNorm(rep), RCAttention(rep, "1r", 4, position, reach=4)),
            RCResidual(RCRMSNorm(rep), RCLinear(rep, rep), RCActivation(rep)),
        ]

    embedding = RCEmbedding(COMPLEMENT, rep)
    layers = [layer for _ in range(blocks) for layer in block()]
    backbone = RCSequential(embedding, *layers, RCRMSNorm(rep))
    model = RCSequential(*backbone, RCLinear(rep, embedding.vocabulary, bias=False)).double()
    randomise(model, 0)
    ids = token_ids(2, 20)
    assert model(ids).shape == (2, 16, 20)
    assert equivariance_error(backbone, ids) < 1e-11
    assert equivariance_error(model, ids) < 1e-11


def test_caduceus_both_strands_in_one_answer():
    """A pooled head on features of both strands is invariant."""
    rep = reg(4)
    model = RCSequential(RCEmbedding(COMPLEMENT, rep), RCMerge(rep), RCLinear("4t", "2t")).double()
    ids = token_ids(3, 15)
    pooled = model(ids).mean(2)
    assert torch.allclose(model(tokens(COMPLEMENT)(ids)).mean(2), pooled, rtol=1e-12)


# emlp


SMALL = ["1t", "1s", "1r", "2t+1s", "2r+1t+3s", "2r:flip+1s"]


@pytest.mark.parametrize(("rep_in", "rep_out"), list(product(SMALL, repeat=2)))
def test_emlp_equivariant_matrices_are_all_of_the_fixed_space(rep_in, rep_out):
    """As many free numbers as the projector has rank, and what it projects is a matrix of the layer."""
    layer = RCLinear(rep_in, rep_out, bias=False).double()
    number = layer.weight.numel()
    assert number == dimension(rep_in, rep_out, 1)
    basis = torch.zeros(number, layer.kernel().numel(), dtype=torch.float64)
    with torch.no_grad():
        for n in range(number):
            layer.weight.copy_(torch.arange(number) == n)
            basis[n] = layer.kernel().flatten()
    assert np.linalg.matrix_rank(basis.numpy()) == number if number else not basis.numel()
    for matrix in basis.view(number, *layer.kernel().shape[:2]):
        x = normal_tensor(1, 1, layer.rep_in.channels)
        assert torch.equal(turned(layer.rep_in, x) @ matrix.T, turned(layer.rep_out, x @ matrix.T))


@pytest.mark.parametrize(
    ("rep_in", "rep_out", "number"),
    [
        ("1t", "1t", 1),
        ("1t", "1s", 0),
        ("1s", "1s", 1),
        ("1r", "1r", 2),
        ("1r", "1t", 1),
        ("1r", "1s", 1),
        ("5t+5s", "3t+2s", 25),
        ("128r", "128r", 2 * 128**2),
    ],
)
def test_emlp_dimensions_by_schur(rep_in, rep_out, number):
    """A pair is one trivial and one sign channel; maps exist between equal kinds: (r+t)(r+t) + (r+s)(r+s)."""
    assert RCLinear(rep_in, rep_out).weight.numel() == number


# escnn


@pytest.mark.parametrize("groups", [1, 5])
def test_escnn_grouped_convolution(groups):
    rep = groups * Rep("1t+1s+1r")
    layer = randomise(RCConv1d(rep, rep, 7, padding=3, groups=groups).double(), 0)
    assert law_error(layer, normal_tensor(0, 2, rep.channels, 11)) < 1e-12


@pytest.mark.parametrize(("width", "padding"), list(product([3, 7], [0, 1])))
@pytest.mark.parametrize("mode", ["zeros", "circular", "reflect", "replicate"])
def test_escnn_convolution_with_padding_modes(width, padding, mode):
    rep_in, rep_out = Rep("1t+1s+1r"), Rep("2r+1s")
    layer = RCConv1d(rep_in, rep_out, width, padding=padding, padding_mode=mode).double()
    assert law_error(randomise(layer, 0), normal_tensor(0, 2, 4, 11)) < 1e-12


@pytest.mark.parametrize("stride", [1, 2])
def test_escnn_transposed_convolution(stride):
    layer = RCConvTranspose1d("1t+1s+1r", "2r+1s", 5, stride=stride, padding=1).double()
    assert law_error(randomise(layer, 0), normal_tensor(0, 2, 4, 11)) < 1e-12


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("factor", [2, 5])
def test_escnn_upsampling(mode, factor):
    assert law_error(RCUpsample("1t+1s+1r", factor, mode), normal_tensor(0, 2, 4, 11)) < 1e-12


@pytest.mark.parametrize("kernel", [3, 5])
def test_escnn_pooling(kernel):
    assert law_error(RCMaxPool1d("3r+2t", kernel, 2), normal_tensor(0, 2, 8, 11)) == 0


@pytest.mark.parametrize("layer", [RCDropout("3r+2t+2s", 0.5), RCChannelDropout("3r+2t+2s", 0.5)])
def test_escnn_dropout_keeps_the_mean(layer):
    x = normal_tensor(0, 3000, 10, 20).abs() + 10
    torch.manual_seed(0)
    assert torch.allclose(layer.train()(x).mean((0, 2)), layer.eval()(x).mean((0, 2)), rtol=0.05)


def test_escnn_batch_norm_leaves_mean_0_and_deviation_1_over_both_strands():
    rep = Rep("3r+2t+2s")
    norm = RCBatchNorm1d(rep, momentum=1.0).double().train()
    x = 15 * normal_tensor(0, 500, rep.channels, 3) + 5
    both = torch.cat([x, rep.act(x)])
    norm(both)
    y = norm.eval()(both)
    assert torch.allclose(y.mean((0, 2)), torch.zeros(10).double(), atol=1e-6)
    assert torch.allclose(y.std((0, 2)), torch.ones(10).double(), atol=1e-3)


def test_escnn_group_norm_leaves_unit_size():
    y = RCGroupNorm(3, "3r").double()(15 * normal_tensor(0, 4, 6, 50) + 5)
    parts = y.view(4, 3, -1)
    assert torch.allclose(parts.mean(2), torch.zeros(4, 3).double(), atol=1e-6)
    assert torch.allclose(parts.var(2, correction=0), torch.ones(4, 3).double(), atol=1e-3)


def test_escnn_rows_iterate_and_index():
    layers = [RCConv1d("3r", "3r", 3), RCActivation("3r"), RCConv1d("3r", "3r", 3)]
    row = RCSequential(*layers)
    assert [*row] == [row[n] for n in range(len(row))] == layers


def test_escnn_saved_and_loaded(tmp_path):
    """A layer with other weights, loaded into, computes what the saved one did."""
    rep_in, rep_out, x = Rep("2t+1s+1r"), Rep("1r+1s"), normal_tensor(0, 2, 5)
    one, other = (randomise(RCLinear(rep_in, rep_out).double(), seed) for seed in (0, 1))
    assert not torch.equal(one(x), other(x))
    torch.save(one.state_dict(), tmp_path / "weights.pt")
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(one(x), other(x))
