"""The references against numbers worked out by hand, and that they lean on nothing but Rep."""

import ast
from pathlib import Path

import numpy as np
import pytest

from rczoo import Rep
from rczoo.testing import reference

PAIR, SIGN = Rep("1r"), Rep("1s")


def test_nothing_of_the_package_is_imported_but_rep():
    tree = ast.parse(Path(reference.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node) for node in imports} == {
        "from __future__ import annotations",
        "import numpy as np",
        "from ..symmetry.rep import Rep",
    }


def test_act():
    x = np.array([[[1.0, 2, 3], [4, 5, 6]]])
    assert reference.act(PAIR, x).tolist() == [[[6, 5, 4], [3, 2, 1]]]
    assert reference.act(SIGN, x[:, :1]).tolist() == [[[-3, -2, -1]]]
    assert reference.act(PAIR, x[:, :, 0]).tolist() == [[4, 1]]
    assert reference.act(SIGN, x[:, :1, 0]).tolist() == [[-1]]


def test_convolve():
    x, kernel = np.array([[[1.0, 2, 3, 4]]]), np.array([[[1.0, 10]]])
    assert reference.convolve(x, kernel).tolist() == [[[21, 32, 43]]]
    assert reference.convolve(x, kernel, np.array([1.0]), stride=2).tolist() == [[[22, 44]]]
    assert reference.convolve(x, kernel, dilation=2).tolist() == [[[31, 42]]]
    assert reference.convolve(x, kernel, padding=1).tolist() == [[[10, 21, 32, 43, 4]]]


def test_kernels():
    kernel = np.array([[[1.0, 2]], [[3, 4]]])
    one = Rep("1t")
    assert reference.turn_kernel(kernel, one, PAIR).tolist() == [[[4, 3]], [[2, 1]]]
    assert reference.tie(kernel, one, PAIR).tolist() == [[[5, 5]], [[5, 5]]]
    assert not reference.obeys_kernel_law(kernel, one, PAIR)
    assert reference.obeys_kernel_law(np.array([[[1.0, 2]], [[2, 1]]]), one, PAIR)
    assert reference.obeys_kernel_law(np.array([[[1.0, -1]]]), one, SIGN)


def test_max_pool():
    assert reference.max_pool(np.array([[[3.0, 1, 2, 5, 4]]]), 2, 2).tolist() == [[[3, 5]]]


@pytest.mark.parametrize(("how", "wanted"), [("sum", 4), ("mean", 2), ("max", 3)])
def test_merge(how, wanted):
    assert reference.merge(np.array([1.0]), np.array([3.0]), how).tolist() == [wanted]


def test_merge_of_probabilities():
    half = (1 / (1 + np.exp(-1.0)) + 1 / (1 + np.exp(2.0))) / 2
    merged = reference.merge(np.array([1.0]), np.array([-2.0]), "probability")
    assert merged == pytest.approx(np.log(half / (1 - half)))
