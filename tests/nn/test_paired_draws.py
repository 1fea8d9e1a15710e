"""Random masks and noise of every kind of layer are drawn once for both strands."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rczoo import Rep, conjoin
from rczoo.nn.paired_draws import PairedDraws
from rczoo.symmetry.equivariance import relative_error
from rczoo.testing import normal_tensor
from tests.proofs.test_laws import DNA, rc
from tests.support.random_networks import Positions


class Function(nn.Module):
    """A function of (batch, positions, channels) as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, z):
        return self.function(z)


class ExamplesSecond(nn.Module):
    """A layer that reads (positions, batch, channels)."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, z):
        y = self.layer(z.transpose(0, 1))
        return (y[0] if isinstance(y, tuple) else y).transpose(0, 1)


def heads(z):
    """(batch, positions, 8) -> (batch, 2, positions, 4)."""
    return z.unflatten(2, (2, 4)).transpose(1, 2)


def attended(z, mask=None):
    q = heads(z)
    return F.scaled_dot_product_attention(q, q, q, mask, 0.5).transpose(1, 2).flatten(2)


def masked(z):
    """Attention with a mask of its own for each example."""
    mask = torch.ones(len(z), 2, z.shape[1], z.shape[1], dtype=torch.bool)
    mask[z.sum((1, 2)) > 0, :, :, -1] = False
    return attended(z, mask)


def stochastic_depth(z):
    return z * torch.empty(len(z), 1, 1, dtype=z.dtype).bernoulli_(0.5)


def half_dropped(z):
    return F.dropout(z, 0.5, inplace=True)


KINDS = {
    "lstm": lambda: nn.LSTM(8, 4, 2, batch_first=True, dropout=0.5, bidirectional=True),
    "gru": lambda: nn.GRU(8, 8, 3, batch_first=True, dropout=0.5),
    "rnn": lambda: nn.RNN(8, 8, 2, batch_first=True, dropout=0.5),
    "lstm, examples second": lambda: ExamplesSecond(nn.LSTM(8, 8, 2, dropout=0.5)),
    "dropout, examples second": lambda: ExamplesSecond(
        nn.Sequential(nn.LSTM(8, 8), Function(lambda y: F.dropout(y[0])))
    ),
    "attention": lambda: nn.MultiheadAttention(8, 2, 0.5, batch_first=True),
    "transformer": lambda: nn.TransformerEncoderLayer(8, 2, 8, 0.5, batch_first=True),
    "dot product": lambda: Function(attended),
    "dot product, masked": lambda: Function(masked),
    "alpha dropout": lambda: nn.AlphaDropout(0.5),
    "rrelu": nn.RReLU,
    "gumbel": lambda: Function(F.gumbel_softmax),
    "stochastic depth": lambda: Function(stochastic_depth),
    "noise": lambda: Function(lambda z: z + torch.randn_like(z)),
    "random scale": lambda: Function(lambda z: z * torch.rand(len(z), 1, 1, dtype=z.dtype)),
    "dropout in place": lambda: Function(half_dropped),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_law_holds_in_train_mode(kind):
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv1d(4, 8, 1), Positions(KINDS[kind]()), nn.Conv1d(8, 2, 1)).double()
    member, x = conjoin(layers, outputs="1r").train(), normal_tensor(0, 3, 4, 7)

    def run(x, seed):
        torch.manual_seed(seed)
        return member(x)

    assert relative_error(run(rc(DNA, x), 1), rc(Rep("1r"), run(x, 1))) < 1e-12
    assert relative_error(run(x, 2), run(x, 1)) > 1e-6, "something is drawn"


def test_the_generator_goes_on_after_a_replay():
    """Two calls draw different masks, and a strand's draws are those of a batch of one strand."""
    z = normal_tensor(0, 2, 5, 8)
    torch.manual_seed(0)
    alone = attended(z), attended(z)
    torch.manual_seed(0)
    with PairedDraws(2):
        both = [attended(torch.cat([z, z])) for _ in range(2)]
    for y, one_strand in zip(both, alone, strict=True):
        assert torch.equal(y[:2], one_strand)
        assert torch.equal(y[2:], one_strand)
    assert not torch.equal(both[0], both[1])


def test_what_holds_no_examples_is_left_alone():
    torch.manual_seed(0)
    table = F.dropout(torch.ones(7, 3))
    torch.manual_seed(0)
    with PairedDraws(2):
        assert torch.equal(F.dropout(torch.ones(7, 3)), table)


def test_a_packed_sequence_that_drops_out_is_refused():
    packed = nn.utils.rnn.pack_padded_sequence(torch.zeros(4, 3, 2), [3, 3, 2, 2], batch_first=True)
    with PairedDraws(2):
        with pytest.raises(
            ValueError, match="does not say whose a row is: give it padded batches, or dropout=0"
        ):
            nn.LSTM(2, 2, 2, dropout=0.5)(packed)
        nn.LSTM(2, 2, 2)(packed)
