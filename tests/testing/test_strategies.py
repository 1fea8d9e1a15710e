"""The strategies draw what they promise, and reach every kind of it."""

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from rczoo import Rep, assert_equivariant, reverse_complement
from rczoo.symmetry import window_remainder
from rczoo.testing import (
    LENGTHS,
    geometries,
    inputs_of,
    merges,
    mixings,
    networks,
    normal_tensor,
    palindromes,
    reps,
    seeds,
    sequences,
    wraps,
)


@given(reps(max_orbits=5, min_orbits=2, kinds="rt"), seeds())
def test_reps_are_within_bounds_and_involutions(rep, seed):
    assert 2 <= len(rep.orbits) <= 5
    assert set(rep.signs) == {1}
    x = normal_tensor(seed, 1, rep.channels, 4)
    assert rep.act(rep.act(x)).equal(x)


@pytest.mark.parametrize("notation", ["2r:flip", "2r:halves", "1r+1s", "2s"])
def test_reps_reach_every_layout_and_sign(notation):
    assert find(reps(), lambda rep: rep == Rep(notation)) == Rep(notation)


def test_reps_reach_channels_in_any_order():
    within = Rep.from_partners([2, 1, 0], [1, -1, 1])
    assert find(reps(), lambda rep: rep == within) == within


@given(geometries(), geometries(fitting=False))
def test_geometries_fit_or_do_not(good, bad):
    for geometry, fits in ((good, True), (bad, False)):
        length, width, stride, dilation, padding = geometry
        assert length >= 1
        assert (geometry.remainder == 0) is fits
        assert geometry.remainder == window_remainder("window", length, width, stride, dilation, padding)


@given(st.integers(1, 7), st.data())
def test_places_in_the_family_have_the_depth(depth, data):
    mixing, wrap = data.draw(mixings(depth)), data.draw(wraps(depth))
    assert len(mixing) == depth - 1
    assert all(0 <= share <= 1 for share in mixing)
    assert sum(wrap) == depth
    assert min(wrap) >= 1


@given(networks(), seeds())
def test_networks_obey(network, seed):
    inputs = inputs_of(network, 2, seed)
    assert inputs[0].shape == (2, 4, LENGTHS[network.config.architecture])
    assert not network.training
    assert_equivariant(network, *inputs)


@given(networks(architectures=("motif-cnn",), merge=st.just("max"), filters=3))
def test_fixed_options_are_not_drawn(network):
    assert (network.config.merge, network.config.filters) == ("max", 3)


@pytest.mark.parametrize(
    "wanted",
    [lambda n: n.control.channels, lambda n: n.config.architecture == "tf-cnn"],
    ids=["controls", "tf-cnn"],
)
def test_networks_reach_every_kind(wanted):
    assert wanted(find(networks(), wanted))


@given(merges(linear=True), merges())
def test_merges(linear, any_merge):
    assert linear in ("sum", "mean")
    assert any_merge in ("sum", "mean", "max", "probability")


@given(sequences(max_size=8), palindromes())
def test_sequences(sequence, palindrome):
    assert 1 <= len(sequence) <= 8
    assert set(sequence.upper()) <= set("ACGTN")
    assert reverse_complement(palindrome) == palindrome
