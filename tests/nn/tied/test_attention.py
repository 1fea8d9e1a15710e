"""Attention: the loops over queries and keys, the law with masks, dropout and each kind of position."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rczoo import Rep, equivariance_error
from rczoo.nn import RCAttention
from rczoo.testing import normal_tensor, randomise, reps, seeds
from tests.support.layer_laws import law_error, same
from tests.support.layer_loops import attend


def rotate(x, head_direction, base=10_000.0):
    """Numbers e and e + d/2 of each query or key as a complex number, turned by its place."""
    half = x.shape[3] // 2
    z = x[..., :half] + 1j * x[..., half:]
    for h, t, e in np.ndindex(*z.shape[1:]):
        z[:, h, t, e] *= np.exp(1j * head_direction[h] * t * base ** (-e / half))
    return np.concatenate([z.real, z.imag], 3)


@given(
    reps(max_orbits=3),
    st.sampled_from(["1r", "2r:halves", "1r+1t", "[3,1,2,0]"]),
    st.sampled_from(["none", "bias", "rotary"]),
    st.integers(1, 5),
    seeds(),
)
def test_it_is_the_loops_and_obeys_the_law(rep, heads, position, length, seed):
    heads = Rep("2r" if position == "rotary" and Rep(heads).trivial else heads)
    layer = randomise(RCAttention(rep, heads, width=2, position=position, reach=2).double(), seed)
    x = normal_tensor(seed, 2, rep.channels, length)
    mask = normal_tensor(seed + 1, 2, length) > -1
    mask[:, 0] = True
    split = [
        part(x).detach().view(2, heads.channels, 2, length).mT.numpy()
        for part in (layer.queries, layer.keys, layer.values)
    ]
    if position == "rotary":
        direction = [1 if h < j else -1 for h, j in enumerate(heads.partners)]
        split[:2] = rotate(split[0], direction), rotate(split[1], direction)
    kernel = layer.bias.kernel()[:, 0].detach().numpy() if position == "bias" else None

    def added(h, i, j):
        return 0 if kernel is None else kernel[h, min(max(j - i, -2), 2) + 2]

    inner = torch.from_numpy(attend(*split, added, mask.numpy())).mT.flatten(1, 2)
    same(layer(x, mask), layer.output(inner).detach())
    assert equivariance_error(layer, x, mask, inputs=(rep, "positions"), outputs=rep) < 1e-12
    assert law_error(layer, x) < 1e-12


@pytest.mark.parametrize("position", ["bias", "rotary"])
def test_positions_matter_and_see_offsets_alone(position):
    layer = randomise(RCAttention("2r", "2r", width=4, position=position, reach=9).double(), 0)
    x = normal_tensor(0, 1, 4, 6)
    shuffled = x[..., [1, 0, 2, 3, 4, 5]]
    assert not torch.allclose(layer(shuffled)[..., 2:], layer(x)[..., 2:])
    shifted = torch.cat([torch.zeros(1, 4, 3).double(), x], 2)
    counted = torch.tensor([[False] * 3 + [True] * 6])
    same(layer(shifted, counted)[..., 3:], layer(x).detach())


@given(seeds())
def test_dropout_is_drawn_once_for_a_pair(seed):
    layer = randomise(RCAttention("2r", "1r+1t", width=2, dropout=0.5).double(), seed).train()

    def drawn(x):
        torch.manual_seed(seed)
        return layer(x)

    drawn.rep_in = drawn.rep_out = Rep("2r")
    x = normal_tensor(seed, 2, 4, 5)
    assert law_error(drawn, x) < 1e-12
    assert not torch.allclose(drawn(x), layer.eval()(x))


@pytest.mark.parametrize("mask", [torch.ones(1, 3), torch.ones(3, 1).bool()])
def test_another_mask_is_refused(mask):
    with pytest.raises(ValueError, match=r"RCAttention: expected a mask of bool \(1, 3\), got torch\.\w+ \("):
        RCAttention("1r", "1r", width=2)(torch.ones(1, 2, 3), mask)


def test_a_row_without_keys_stays_finite():
    layer = RCAttention("1r", "1r", width=2)
    assert layer(torch.ones(1, 2, 3), torch.zeros(1, 3).bool()).isfinite().all()


def test_shown_as_typed():
    assert repr(RCAttention("2r", "1r", 4, "rotary")).startswith(
        "RCAttention(\n  2r, heads=1r, width=4, position=rotary\n  (queries): RCLinear(2r -> "
    )
    assert repr(RCAttention("2r", "1r", 4, reach=3).bias) == "RelativeBias(1r, reach=3)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": "1r+1s"}, r"RCAttention: heads are 1r\+1s, but attention weights keep their sign"),
        ({"heads": "0t"}, r"there is at least one head"),
        ({"position": "sine"}, r"unknown position 'sine': choose one of none, bias, rotary"),
        (
            {"heads": "1r+2t", "position": "rotary"},
            r"opposite ways, but Rep 1r\+2t has 2 heads that are their own partners: use pairs",
        ),
        ({"position": "rotary", "width": 3}, r"turn pairs of numbers, but width is 3: make it even"),
        ({"width": 0}, r"RCAttention: width is 0, expected a whole number >= 1"),
        ({"reach": 0}, r"RCAttention: reach is 0, expected a whole number >= 1"),
        ({"dropout": 1}, r"RCDropout: p is 1, expected 0 <= p < 1"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        RCAttention("2r", **options)
