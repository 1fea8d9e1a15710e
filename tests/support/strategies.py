"""What only the tests of this package draw; the rest is in ``rczoo.testing``."""

import torch
from hypothesis import strategies as st

from rczoo import Rep
from rczoo.testing import integer_tensor

label_reps = st.integers(1, 3).map(lambda n: Rep(f"{n}t"))


def fill_with_integers(module, seed):
    """Small whole numbers as parameters."""
    with torch.no_grad():
        for n, parameter in enumerate(module.parameters()):
            parameter.copy_(integer_tensor(seed + n, *parameter.shape))
    return module


def outputs_of(result):
    """The outputs of a network as a tuple."""
    return result if isinstance(result, tuple) else (result,)
