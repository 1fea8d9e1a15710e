"""Right-padded rows: an action within each row's own length."""

import pytest
import torch

from rczoo import channels_last, tokens
from rczoo.symmetry.padding import Padding

MASK = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
ROWS = torch.tensor([[1, 2, 3, 9], [1, 2, 3, 4], [1, 9, 9, 9]])
TURNED = [[3, 2, 1, 9], [4, 3, 2, 1], [1, 9, 9, 9]]
padding = Padding.of_mask(MASK)


def test_rows_are_reversed_within_their_length():
    assert padding.lengths.tolist() == [3, 4, 1]
    assert padding.reverse(ROWS, 1).tolist() == TURNED
    assert padding.within("positions")(ROWS).tolist() == TURNED
    features = torch.stack([ROWS, 10 * ROWS], 2)
    assert padding.reverse(features, 1)[..., 1].tolist() == [[10 * n for n in row] for row in TURNED]
    assert padding.reverse(features.transpose(1, 2), -1)[:, 0].tolist() == TURNED


@pytest.mark.parametrize("last", [False, True])
def test_actions_on_channels_and_tokens(last):
    x = torch.stack([ROWS, -ROWS], 2 if last else 1)
    y = padding.within(channels_last("1r") if last else "1r")(x)
    first = y[..., 0] if last else y[:, 0]
    inside = MASK.bool()
    assert torch.equal(first[inside], -torch.tensor(TURNED)[inside])
    ids = torch.tensor([[2, 5, 3, 0], [2, 5, 6, 3], [2, 3, 0, 0]])
    turn = padding._replace(lengths=torch.tensor([3, 4, 2])).within(
        tokens({5: 8, 8: 5, 6: 7, 7: 6}, keep=(1, 1))
    )
    assert turn(ids).tolist() == [[2, 8, 3, 0], [2, 7, 8, 3], [2, 3, 0, 0]]


def test_every_action_is_its_own_inverse_and_specs_keep_their_structure():
    specs = padding.within(
        {"x": "1r", "label": "1t", "mask": "mask", "cell": None, "own": lambda x: -x.flip(1)}
    )
    values = {"x": torch.randn(3, 2, 4), "label": torch.randn(3, 1), "own": torch.randn(3, 4, 5)}
    for name, value in values.items():
        assert torch.equal(specs[name](specs[name](value)), value)
    assert specs["mask"] == "mask"
    assert specs["cell"] is None
    assert torch.equal(specs["label"](values["label"]), values["label"])


def test_refused():
    with pytest.raises(ValueError, match=r"got \(3, 4\) with 0 before 1: pad on the right"):
        Padding.of_mask(MASK.flip(1))
    with pytest.raises(ValueError, match="padded rows have 4 positions, but what RC acts on has 2"):
        padding.within("1r")(torch.zeros(3, 2, 2))
