"""The two frames as layers: the law in both modes, what is exchanged, and refusals."""

import pytest
import torch
from torch import nn

from rczoo import Rep, build
from rczoo.nn import Alike, Exchange, MergeFrames, OpenFrames, RCConv1d, RCSequential
from rczoo.symmetry.equivariance import relative_error
from rczoo.testing import normal_tensor, randomise
from tests.support.compiled import GRADIENT_ASKED, answers_compiled
from tests.support.random_networks import Positions

DNA = Rep.dna()


def by_hand(received=3, how="mean"):
    """Strides and pools that leave remainders, norms, dropout, a recurrent layer."""
    torch.manual_seed(0)
    layers = [
        OpenFrames("2r:flip"),
        Alike(nn.Conv1d(4, 6, 4, stride=3), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3)),
        Exchange(received),
        Alike(nn.Conv1d(6 + received, 5, 3), nn.MaxPool1d(3, 2), nn.Flatten(), nn.LazyLinear(2)),
        MergeFrames("1t+1s", how),
    ]
    return nn.Sequential(*layers).double()


@pytest.mark.parametrize("received", [0, 3, 6])
def test_the_law_holds_bit_for_bit_and_in_train_mode(received):
    network, x = by_hand(received), normal_tensor(1, 3, 4, 35)
    network(x)
    randomise(network, 2)
    rep = Rep("1t+1s")
    assert torch.equal(network.eval()(DNA.act(x)), rep.act(network(x)))
    assert network(x).abs().min() > 1e-3
    network.train()
    torch.manual_seed(3)
    y = network(x)
    torch.manual_seed(3)
    assert relative_error(network(DNA.act(x)), rep.act(y)) < 1e-12


@pytest.mark.filterwarnings(GRADIENT_ASKED)
def test_a_recurrent_layer_trains_compiled():
    layers = Alike(Positions(nn.LSTM(4, 2, 2, batch_first=True, dropout=0.5))), MergeFrames("2t")
    network, x = nn.Sequential(OpenFrames("2r:flip"), *layers).train(), normal_tensor(1, 3, 4, 9).float()
    assert torch.equal(*answers_compiled(network, x))


def test_a_trunk_by_hand_is_that_of_build():
    built = randomise(build("tf-cnn", mixing=0.5, merge="max", filters=6, length=80, pool=(8, 3)).eval(), 1)
    trunk = []
    for block in built.trunk.blocks:
        trunk += [Exchange(block.exchanged), Alike(block.conv, block.norm, block.activation)]
    head = Alike(built.head.maximum, nn.Flatten(), built.head.dense)
    network = nn.Sequential(OpenFrames(DNA), *trunk, head, MergeFrames("1t", "max")).eval()
    x = normal_tensor(0, 2, 4, 80).float()
    torch.testing.assert_close(network(x), built(x))


def test_between_tied_layers():
    framed = nn.Sequential(OpenFrames("3r"), Alike(nn.MaxPool1d(4, 3)), MergeFrames("3r"))
    framed.rep_in, framed.rep_out = framed[0].rep_in, framed[-1].rep_out
    network = RCSequential(RCConv1d("2r:flip", "3r", 3), framed, RCConv1d("3r", "1r", 3)).double()
    x = normal_tensor(0, 2, 4, 21)  # 19 positions, of which windows of 4 at stride 3 leave none
    for length in (21, 22, 23):  # and here 1 and 2
        x = normal_tensor(0, 2, 4, length)
        assert relative_error(network(DNA.act(x)), Rep("1r").act(network(x))) < 1e-12


def test_they_print_what_they_are():
    lines = repr(by_hand()).splitlines()
    assert lines[1] == "  (0): OpenFrames(2r:flip)"
    assert "  (2): Exchange(3)" in lines
    assert lines[-2] == "  (4): MergeFrames(1t+1s, how=mean)"


def test_refused():
    frames = OpenFrames("2r:flip")(torch.zeros(2, 4, 7))
    for call, message in [
        (lambda: Exchange(5)(frames), r"of at least 5 channels, got \(2, 4, 7\): exchange fewer"),
        (lambda: Exchange(1)(tuple(z.mean(2) for z in frames)), r"got \(2, 4\): exchange fewer, and before"),
        (lambda: Exchange(0.5), "Exchange: channels is 0.5, expected a whole number >= 0"),
        (lambda: MergeFrames("1t", "median"), "unknown merge 'median': choose one of sum"),
        (lambda: MergeFrames("1s", "max"), "merge 'max' is not equivariant on the 1 sign channel"),
        (lambda: OpenFrames("2r:flip")(torch.zeros(4, 7)), "expected|acts on 4 channels"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
