"""The law alone: its error, and the assertion for other people's tests."""

import pytest
import torch
from torch import nn

import rczoo
from rczoo.symmetry.equivariance import assert_equivariant, equivariance_error, relative_error
from tests.support.faulty_models import DNA, Tied, plain

X = rczoo.one_hot(["ACGTACGTAACC", "TTGCATTACGGA"])


def test_equivariance_error_and_assertion():
    assert equivariance_error(Tied(DNA, "1r", 3), X, inputs="dna", outputs="1r") < 1e-5
    assert equivariance_error(plain(2), X, inputs="dna", outputs="1r") > 1e-2
    with pytest.raises(AssertionError, match="relative, allowed"):
        assert_equivariant(plain(2), X, inputs="dna", outputs="1r")
    with pytest.raises(ValueError, match="declares no rep_in"):
        equivariance_error(plain(2), X)


class Named(nn.Module):
    """Two inputs and two outputs by name; a third output is left out of account."""

    def __init__(self):
        super().__init__()
        self.dna, self.control = plain(2), nn.Conv1d(2, 2, 3, padding=1)

    def forward(self, x, control):
        y = self.dna(x) + self.control(control)
        return {"profile": y, "counts": y.mean((1, 2))[:, None], "first": y[:, :1, :1]}


SPECS = {"inputs": {"control": "2t", "x": "dna"}, "outputs": {"profile": "1r", "counts": "1t"}}


def test_inputs_and_outputs_by_name():
    control = torch.rand(2, 2, 12)
    both = rczoo.conjoin(Named(), **SPECS).eval()
    assert_equivariant(both, X, control)
    assert_equivariant(rczoo.conjoin(both).eval(), X, control)
    assert equivariance_error(Named(), X, control, **SPECS) > 1e-2
    assert_equivariant(lambda x, control: both(x, control), X, control, **SPECS)
    with pytest.raises(AssertionError):
        assert_equivariant(both, X, control, inputs={"x": "dna", "control": "1r"})


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="no input spec named 'control' among: x"):
        equivariance_error(Named(), X, X[:, :2], inputs={"x": "dna"}, outputs="1r")
    with pytest.raises(ValueError, match="no output named 'a' among: tuple"):
        equivariance_error(plain(2), X, inputs="dna", outputs={"a": "1r"})


def test_relative_error_of_the_unequal_and_the_undefined():
    assert relative_error(torch.zeros(2), torch.zeros(3)) == float("inf")
    assert relative_error(torch.tensor([float("nan")]), torch.zeros(1)) == float("inf")
    assert relative_error(torch.zeros(2), torch.zeros(2)) == 0
    one, other = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0])
    assert relative_error(one, other) == relative_error(other, one) == 0.5
