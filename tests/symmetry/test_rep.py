"""Reps: what each notation means, written out by hand, and what is refused."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given

from rczoo import Rep
from rczoo.symmetry import REGULAR, SIGN, TRIVIAL
from rczoo.testing import reps


@pytest.mark.parametrize(
    ("notation", "partners", "signs"),
    [
        ("2r", [1, 0, 3, 2], [1, 1, 1, 1]),
        ("2r:flip", [3, 2, 1, 0], [1, 1, 1, 1]),
        ("2r:halves", [2, 3, 0, 1], [1, 1, 1, 1]),
        ("3r:flip", [5, 4, 3, 2, 1, 0], [1] * 6),
        ("3r:halves", [3, 4, 5, 0, 1, 2], [1] * 6),
        ("r", [1, 0], [1, 1]),
        ("0t", [], []),
        ("1r+2t+1s", [1, 0, 2, 3, 4], [1, 1, 1, 1, -1]),
        ("1t + 2r:flip + 1r", [0, 4, 3, 2, 1, 6, 5], [1] * 7),
        ("[2,1-,0]", [2, 1, 0], [1, -1, 1]),
        ("2t+[2, 1, 0]", [0, 1, 4, 3, 2], [1] * 5),
    ],
)
def test_notation(notation, partners, signs):
    rep = Rep(notation)
    assert (list(rep.partners), list(rep.signs)) == (partners, signs)
    assert rep == Rep.from_partners(partners, signs) == Rep(rep)
    assert rep.channels == len(partners)
    assert rep.regular == (rep.channels - rep.trivial - rep.sign) / 2


@pytest.mark.parametrize(
    ("partners", "signs", "text"),
    [
        ([1, 0], None, "1r"),
        ([3, 2, 1, 0], None, "2r:flip"),
        ([2, 3, 0, 1], None, "2r:halves"),
        ([2, 1, 0], None, "[2,1,0]"),
        ([2, 1, 0], [1, -1, 1], "[2,1-,0]"),
        ([0, 1, 2], [1, 1, -1], "2t+1s"),
        ([0, 1, 2], [1, -1, -1], "1t+2s"),
        ([1, 0, 3, 2, 4, 8, 7, 6, 5], None, "2r+1t+2r:flip"),
        ([1, 0, 2, 6, 5, 4, 3, 7, 8], [1, 1, -1, 1, 1, 1, 1, 1, 1], "1r+1s+2r:flip+2t"),
        ([2, 3, 0, 1, 5, 4], None, "2r:halves+1r"),
        ([], None, "0t"),
    ],
)
def test_written_in_the_shortest_form(partners, signs, text):
    assert str(Rep.from_partners(partners, signs)) == text
    assert repr(Rep(text)) == f'Rep("{text}")'


def test_a_number_too_large_for_memory_is_refused():
    with pytest.raises(ValueError, match="9,999,999,999 channels or pairs are more than 1,000,000"):
        Rep("2t+9999999999r")


def test_dna_is_acgt_flipped():
    assert Rep.dna() == Rep("2r:flip") == Rep.from_partners([3, 2, 1, 0])


def test_algebra():
    assert Rep("4r+2t") == 4 * REGULAR + 2 * TRIVIAL
    assert (Rep("1r"), Rep("1t"), Rep("1s")) == (REGULAR, TRIVIAL, SIGN)
    assert 0 * REGULAR == Rep() == Rep("0t")
    assert Rep("1t") + Rep("2r:flip") != Rep("2r:flip") + Rep("1t")
    assert Rep("1r:flip") == Rep("1r") == Rep("1r:halves")
    assert Rep("2r") != Rep("2r:flip")
    assert Rep("1s") != Rep("1t")
    assert Rep("1t") != "1t"
    assert len({Rep("1r"), Rep("1r:flip"), Rep("2t")}) == 2
    assert hash(Rep("1r")) != hash(Rep("2t"))
    with pytest.raises(TypeError):
        Rep("1t") + "1t"


@given(reps())
def test_counts_sum(rep):
    doubled = 2 * rep
    assert (doubled.regular, doubled.trivial, doubled.sign) == (
        2 * rep.regular,
        2 * rep.trivial,
        2 * rep.sign,
    )
    assert 2 * rep.regular + rep.trivial + rep.sign == rep.channels
    assert pickle.loads(pickle.dumps(rep)) == rep == copy.deepcopy(rep)


def test_immutable():
    with pytest.raises(AttributeError, match=r"Rep is immutable: build a new one instead of setting signs"):
        Rep("1t").signs = (-1,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_numpy_and_torch_agree(dtype):
    rep, x = Rep("1r+1s+1t"), np.arange(24, dtype=dtype).reshape(2, 4, 3)
    y = rep.act(x)
    assert y.dtype == dtype
    assert np.array_equal(y, rep.act(torch.from_numpy(x)).numpy())
    assert np.array_equal(y[0], [[5, 4, 3], [2, 1, 0], [-8, -7, -6], [11, 10, 9]])
    assert np.array_equal(x, np.arange(24).reshape(2, 4, 3)), "the input is unchanged"
    assert np.array_equal(rep.act(x[:, :, 0]), [[3, 0, -6, 9], [15, 12, -18, 21]])


def test_gradients_pass_through():
    x = torch.zeros(1, 2, 3, requires_grad=True)
    (Rep("1t+1s").act(x) * torch.arange(6.0).view(1, 2, 3)).sum().backward()
    assert x.grad.tolist() == [[[2, 1, 0], [-5, -4, -3]]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rep("2x"), r"Rep '2x': cannot read '2x'; write terms such as 2r, 2r:flip, .* joined by \+"),
        (lambda: Rep(""), r"cannot read ''"),
        (lambda: Rep("1r++1t"), r"Rep '1r\+\+1t': cannot read ''"),
        (lambda: Rep("2r:diagonal"), r"cannot read '2r:diagonal'"),
        (lambda: Rep("2t:flip"), r"'2t:flip' has a layout, but only pairs \(r\) have one"),
        (lambda: Rep("[1-,0-]"), r"pair of channels \(0, 1\) is swapped with sign -1: negate one of the two"),
        (lambda: Rep.from_partners([1, 0], [1, -1]), r"pair of channels \(0, 1\) is swapped with sign -1"),
        (lambda: Rep.from_partners([0, 2, 1], [1, -1, 1]), r"pair of channels \(1, 2\) is swapped with sign"),
        (
            lambda: Rep.from_partners([1, 2, 0]),
            r"channel 0 has partner 1, whose partner is 2, not 0: partners",
        ),
        (lambda: Rep.from_partners([2, 0]), r"channel 0 has partner 2, but channels run from 0 to 1"),
        (lambda: Rep.from_partners([-1]), r"channel 0 has partner -1, but channels run from 0 to 0"),
        (lambda: Rep.from_partners([0, 1], [1]), r"2 partners but 1 signs: give one sign per channel"),
        (lambda: Rep.from_partners([0], [2]), r"channel 0 has sign 2: signs are \+1 or -1"),
        (lambda: Rep.from_partners([0], [0]), r"channel 0 has sign 0: signs are \+1 or -1"),
        (lambda: Rep(4), r"Rep: got 4, expected a notation such as '2r:flip', or a Rep"),
        (lambda: -1 * Rep("1t"), r"Rep: -1 \* 1t: the number of copies is a whole number, zero or more"),
        (lambda: 1.5 * Rep("1t"), r"Rep: 1\.5 \* 1t: the number of copies is a whole number"),
        (
            lambda: Rep("2t").act(torch.zeros(2)),
            r"expected \(batch, channels\) or .*got \(2,\): add a batch axis",
        ),
        (lambda: Rep("2t").act(torch.zeros(1, 1, 2, 3)), r"length\), got \(1, 1, 2, 3\)$"),
        (lambda: Rep("2t").act(torch.zeros(1, 3, 5)), r"Rep 2t acts on 2 channels, got 3 in \(1, 3, 5\)$"),
        (lambda: Rep("1r").act(np.zeros((1, 5, 2))), r"got 5 in \(1, 5, 2\): .* second one, so transpose"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "notation", ["3r", "3r:flip", "3r:halves", "4t", "4s", "2r+1t", "1r+1s", "[2,1-,0]", "0t"]
)
def test_reversing_folded_channels_is_looking_partners_up(notation):
    rep = Rep(notation)
    x = np.arange(2.0 * rep.channels * 5).reshape(2, rep.channels, 5)
    signs = np.array(rep.signs).reshape(-1, 1)
    expected = signs * x[:, list(rep.partners), ::-1]
    before = x.copy()
    np.testing.assert_array_equal(rep.act(x), expected)
    np.testing.assert_array_equal(rep.act(torch.from_numpy(x)).numpy(), expected)
    np.testing.assert_array_equal(rep.act(x[..., 0]), signs[:, 0] * x[:, list(rep.partners), 0])
    np.testing.assert_array_equal(x, before)
