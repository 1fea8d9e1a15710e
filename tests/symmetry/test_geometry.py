"""Windows and lengths."""

from itertools import product

import pytest
import torch
from hypothesis import given
from torch import nn

from rczoo import build, conjoin
from rczoo.nn import RCConv1d, RCMaxPool1d, RCSequential
from rczoo.symmetry import admissible_lengths
from rczoo.symmetry.geometry import check_geometry, window_remainder
from rczoo.testing import geometries


@given(geometries() | geometries(fitting=False))
def test_remainder_counts_positions_no_window_reaches(geometry):
    length, width, stride, dilation, padding = geometry
    field = dilation * (width - 1) + 1
    starts = range(0, length + 2 * padding - field + 1, stride)
    left = length + 2 * padding - (starts[-1] + field)
    assert window_remainder("x", length, width, stride, dilation, padding) == left == geometry.remainder
    if left:
        with pytest.raises(
            ValueError,
            match=rf"x: .* use length {length - left} or {length - left + stride}, or frames .* take any$",
        ):
            check_geometry("x", length, width, stride, dilation, padding)
        check_geometry("x", length - left + stride, width, stride, dilation, padding)
    else:
        check_geometry("x", length, width, stride, dilation, padding)


def test_shorter_than_the_receptive_field():
    message = (
        r"pool: length 3 with padding 1 is shorter than the receptive field 9: give at least 7 positions"
    )
    with pytest.raises(ValueError, match=message):
        window_remainder("pool", 3, 5, dilation=2, padding=1)
    assert window_remainder("pool", 7, 5, dilation=2, padding=1) == 0


def admitted(model, lengths=range(1, 40), channels=4):
    return [v.length for v in admissible_lengths(model, lengths, channels) if v.admissible]


def test_layers_of_anybody_are_checked():
    assert admitted(nn.Conv1d(4, 2, 5, stride=3), range(1, 15)) == [5, 8, 11, 14]
    assert admitted(nn.Conv1d(4, 2, 3, stride=2, dilation=2, padding=1), range(1, 10)) == [3, 5, 7, 9]
    assert admitted(nn.Sequential(nn.Conv1d(4, 2, 3), nn.MaxPool1d(4, 2)), range(1, 12)) == [6, 8, 10]
    assert admitted(nn.AvgPool1d(4, 3, padding=1), range(1, 10)) == [2, 3, 5, 8]
    assert admitted(nn.MaxPool1d(2, ceil_mode=True), range(1, 6)) == [2, 4]
    assert admitted(nn.Conv1d(4, 2, 5, padding="same", dilation=3), range(1, 4)) == [1, 2, 3]
    assert admitted(nn.Conv1d(4, 2, 4, padding="same", dilation=2), range(1, 4)) == [1, 2, 3]
    assert admitted(nn.Conv1d(4, 2, 3, padding="valid"), range(1, 4)) == [3]
    assert admitted(nn.Conv1d(2, 2, 3).double(), [3], channels=2) == [3]
    assert admitted(nn.Sequential(nn.Conv1d(4, 2, 3), nn.BatchNorm1d(2)).train(), [3]) == [3]


def test_reasons_name_the_layer():
    model = nn.Sequential(nn.Conv1d(4, 2, 3), nn.Sequential(nn.MaxPool1d(4, 2)))
    short, shifted, fits = admissible_lengths(model, [2, 7, 8])
    assert short == (2, False, short.reason)
    assert short.reason.startswith("0: length 2 with padding 0 is shorter than the receptive field 3")
    assert shifted.reason.startswith("1.0: (length 5 ")
    assert fits == (8, True, "")
    (even,) = admissible_lengths(nn.Conv1d(4, 2, 4, padding="same"), [8])
    assert even.reason.startswith("Conv1d: 'same' padding of 3 positions pads one end more than the other")
    tied = RCSequential(RCConv1d("2r:flip", "2r", 3), RCMaxPool1d("2r", 4, 2))
    assert admitted(tied, range(1, 12)) == [6, 8, 10]


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv1d(4, 2, 3)).train()
    admissible_lengths(model, [3])
    assert model.training
    assert model[0].weight.device.type == "cpu"
    assert not model[0]._forward_pre_hooks


def test_networks_on_frames_have_no_window_condition():
    assert admitted(build("bpnet", filters=2, mixing=0.5), [346, 347, 348, 349]) == [347, 348, 349]
    assert admitted(build("bpnet", filters=2, mixing=0.5, control="2t").double(), [346, 347, 348]) == [
        347,
        348,
    ]
    assert admitted(build("motif-cnn", filters=2, mixing="rcps", length=77), [76, 77, 78]) == [77]
    assert torch.get_default_dtype() == torch.float32


def test_nor_have_conjoined_models():
    strided = nn.Sequential(nn.Conv1d(4, 2, 5, stride=2), nn.MaxPool1d(2))
    assert admitted(strided, range(5, 14)) == [7, 11]
    both = conjoin(strided, outputs="1r").eval()
    assert admitted(both, range(5, 14)) == list(range(7, 14))
    assert admitted(nn.Sequential(both, nn.Conv1d(2, 2, 2, stride=2)), range(7, 20)) == [11, 12, 13, 14, 19]


@pytest.mark.parametrize(
    ("kind", "partial"), [(nn.MaxPool1d, False), (nn.MaxPool1d, True), (nn.AvgPool1d, False)]
)
def test_a_padded_pool_is_admitted_exactly_where_it_is_equivariant(kind, partial):
    """By trial, on every pool of up to 6 positions and every length up to 7."""
    admissible = shifted = 0
    for width, stride in product(range(1, 7), range(1, 5)):
        for padding, length in product(range(width // 2 + 1), range(1, 8)):
            if length + 2 * padding < width:
                continue
            pool = kind(width, stride, padding, ceil_mode=partial)
            x = torch.eye(length, dtype=torch.float64)[:, None]
            holds = all(torch.equal(pool(y.flip(-1)), pool(y).flip(-1)) for y in (x, 1 - x, -x))
            (verdict,) = admissible_lengths(pool, [length], 1)
            assert verdict.admissible == holds, (width, stride, padding, length)
            admissible += holds
            shifted += holds and (length + 2 * padding - width) % stride > 0
    assert admissible > 100
    assert shifted > 10


def test_a_padded_pool_between_reps_takes_the_lengths_at_which_it_is_equivariant():
    x = torch.rand(2, 2, 4)
    pool = RCMaxPool1d("1r", 8, 3, padding=4)
    assert torch.equal(pool(pool.rep_in.act(x)), pool.rep_in.act(pool(x)))
    with pytest.raises(ValueError, match="reversed windows shift"):
        pool(torch.rand(2, 2, 8))


class Doing(nn.Module):
    def __init__(self, does):
        super().__init__()
        self.does, self.first = does, nn.Conv1d(4, 4, 3)

    def forward(self, x):
        return self.does(self.first(x))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (nn.LPPool1d(2, 3), "lp_pool1d in LPPool1d"),
        (nn.ConvTranspose1d(4, 4, 3), "conv_transpose1d in ConvTranspose1d"),
        (nn.Sequential(nn.Conv1d(4, 4, 3), nn.Upsample(scale_factor=1.5)), "interpolate in Upsample '1'"),
        (Doing(lambda h: nn.functional.max_pool1d(h, 2)), "max_pool1d in Doing"),
        (Doing(lambda h: h[:, :, 1:]), "a slice in Doing"),
        (Doing(lambda h: h[..., :-1]), "a slice in Doing"),
    ],
)
def test_what_was_not_examined_is_not_said_to_be_admissible(model, name):
    (verdict,) = admissible_lengths(model, [12])
    assert verdict.admissible is None
    assert verdict.reason.startswith(f"not examined: {name}")


def test_what_leaves_positions_alone_needs_no_examination():
    for does in (torch.relu, lambda h: h[:, :2], lambda h: h[..., :], lambda h: h.mean(-1), lambda h: h[0]):
        assert admitted(Doing(does), [12]) == [12]
