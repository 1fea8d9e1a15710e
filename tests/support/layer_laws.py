"""The law of a layer between Reps, with the loops' reverse complement, and a layer with other weights."""

import torch

from rczoo.symmetry.equivariance import relative_error
from rczoo.testing import reference


def turned(rep, x):
    """Reverse complement by the reference's loops."""
    return torch.from_numpy(reference.act(rep, x.detach().numpy()))


def law_error(layer, x):
    """How far out(R x) is from R out(x), relative."""
    return relative_error(layer(turned(layer.rep_in, x)), turned(layer.rep_out, layer(x)))


def same(got, want):
    """Equal to rounding in float64."""
    torch.testing.assert_close(got, torch.as_tensor(want), rtol=1e-11, atol=1e-12)
