"""Mixing and wrap: names, numbers, masks, and what contradicts itself."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.family.architectures import resolve_mixing
from rczoo.testing import mixings, wraps


@pytest.mark.parametrize(
    ("depth", "mixing", "wrap", "shares"),
    [
        (3, "rcps", None, (1, 1)),
        (3, "conjoined", None, (0, 0)),
        (3, 0.25, None, (0.25, 0.25)),
        (3, 1, None, (1, 1)),
        (3, [0, 0.5], None, (0, 0.5)),
        (3, None, (2, 1), (0, 1)),
        (3, None, (1, 2), (1, 0)),
        (3, None, (3,), (0, 0)),
        (3, None, (1, 1, 1), (1, 1)),
        (7, None, (2, 3, 2), (0, 1, 0, 0, 1, 0)),
        (3, (0, 1), [2, 1], (0, 1)),
        (1, "rcps", None, ()),
        (1, "conjoined", None, ()),
        (1, 0, None, ()),
        (1, 1.0, None, ()),
        (1, [], None, ()),
        (1, None, (1,), ()),
    ],
)
def test_resolved(depth, mixing, wrap, shares):
    resolved = resolve_mixing(depth, mixing, wrap)
    assert resolved == shares
    assert all(type(m) is float for m in resolved)


@given(st.data(), st.integers(2, 8))
def test_sequences_stay_and_wraps_exchange_between_groups(data, depth):
    mixing, wrap = data.draw(mixings(depth)), data.draw(wraps(depth))
    assert resolve_mixing(depth, mixing) == mixing
    group = [n for n, size in enumerate(wrap) for _ in range(size)]
    between = tuple(float(a != b) for a, b in pairwise(group))
    assert resolve_mixing(depth, wrap=wrap) == between


@pytest.mark.parametrize(
    ("depth", "mixing", "wrap", "message"),
    [
        (3, 1.5, None, r"mixing 1.5 lies outside \[0, 1\]: it is the share of the other strand's filters"),
        (3, -0.1, None, r"mixing -0.1 lies outside"),
        (3, [0.5, 2], None, r"mixing 2.0 lies outside"),
        (3, float("nan"), None, r"mixing nan lies outside"),
        (1, 1.5, None, r"mixing 1.5 lies outside"),
        (3, "half", None, r"mixing 'half' is no number and no name: use 'rcps' or 'conjoined'"),
        (3, [0.5], None, r"mixing has 1 shares, but depth 3 has 2 exchanges: give one for every block after"),
        (1, [0.5], None, r"mixing has 1 shares, but depth 1 has 0 exchanges"),
        (
            1,
            0.5,
            None,
            r"mixing 0.5 at depth 1: there is no second block to mix, so use 'rcps' or 'conjoined', w",
        ),
        (3, None, None, r"give mixing \(for example 0.5\), wrap \(for example \(2, 1\)\) or strategy"),
        (
            3,
            None,
            (2, 2),
            r"wrap \(2, 2\) sums to 4, but the trunk has 3 blocks: give whole group sizes of at least 1",
        ),
        (3, None, (3, 0), r"wrap is \(3, 0\): give whole group sizes of at least 1 that sum to 3"),
        (3, None, (4, -1), r"wrap is \(4, -1\): .* at least 1"),
        (3, None, 3, r"wrap is 3: give whole group sizes of at least 1 that sum to 3"),
        (3, None, "21", r"wrap is '21': give whole"),
        (3, 2j, None, r"mixing 2j is no number, no sequence of numbers and no name"),
        (3, None, (), r"wrap \(\) sums to 0, but the trunk has 3 blocks"),
        (3, None, (1.5, 1.5), r"wrap is \(1.5, 1.5\): give whole"),
        (
            3,
            0.5,
            (2, 1),
            r"wrap \(2, 1\) means mixing \(0.0, 1.0\), but mixing is \(0.5, 0.5\): give one of them",
        ),
    ],
)
def test_refused(depth, mixing, wrap, message):
    with pytest.raises(ValueError, match=message) as caught:
        resolve_mixing(depth, mixing, wrap)
    assert "\n" not in str(caught.value)
