"""Actions on tensors: involutions, structures and messages."""

import re

import pytest
import torch

import rczoo
from rczoo.symmetry.actions import act, as_action, channels_last, tokens, typed
from rczoo.symmetry.dna import complement_codes, one_hot
from rczoo.symmetry.rep import Rep
from tests.support.faulty_models import DNA


@pytest.mark.parametrize(
    ("spec", "x"),
    [
        ("dna", torch.rand(2, 4, 7)),
        (Rep("1r+1s"), torch.rand(2, 3, 5)),
        ("1s", torch.rand(4)),
        ("positions", torch.rand(2, 6)),
        (None, torch.rand(2, 6)),
        (channels_last("1r+1t"), torch.rand(2, 5, 3)),
        (tokens({4: 7, 5: 6, 6: 5, 7: 4}, keep=(1, 1)), torch.randint(0, 10, (2, 9))),
    ],
)
def test_every_action_is_its_own_inverse(spec, x):
    action = as_action(spec)
    assert torch.equal(action(action(x)), x)


@pytest.mark.parametrize(
    "text",
    [
        "None",
        '"dna"',
        '"positions"',
        '"1r+2t"',
        '"[2,1-,0]"',
        'rczoo.channels_last("2r")',
        "rczoo.tokens({4: 7, 7: 4}, keep=(1, 0), unknown=8)",
        "rczoo.tokens({0: 3, 3: 0})",
        '("dna",)',
        "(\"dna\", {'a': None})",
    ],
)
def test_specs_print_as_they_are_typed(text):
    assert typed(eval(text, {"rczoo": rczoo})) == text


def test_functions_print_by_name():
    assert (typed(torch.flip), typed(lambda x: x)) == ("flip", "...")


def test_tokens_complement_as_bases_do_and_keep_the_ends():
    codes = torch.tensor([[0, 1, 2, 3, 4]]).numpy()
    action = tokens({4: 7, 5: 6, 6: 5, 7: 4}, unknown=8)
    assert torch.equal(action(action.ids(codes)), action.ids(complement_codes(codes)))
    kept = tokens([3, 2, 1, 0], keep=(1, 1))(torch.tensor([[9, 0, 1, 1, 8]]))
    assert kept.tolist() == [[9, 2, 2, 3, 8]]


def test_channels_last_is_the_transpose_of_channels_second():
    x = one_hot(["ACGTA", "TTGCN"])
    assert torch.equal(channels_last("dna")(x.transpose(1, 2)), DNA.act(x).transpose(1, 2))


def test_structures_are_followed():
    x, y = torch.rand(1, 2, 3), torch.rand(1, 1)
    assert torch.equal(act(("1r", "1t"), (x, y))[0], Rep("1r").act(x))
    assert list(act({"a": "1r"}, {"a": x, "b": y})) == ["a"]
    assert torch.equal(act(("1r",), x), Rep("1r").act(x))


@pytest.mark.parametrize(
    ("specs", "values", "message"),
    [
        (("1r", "1t"), (torch.rand(1, 2, 3),), "2 output specs but 1 given"),
        (("1r", "1t"), torch.rand(1, 2, 3), "2 output specs but one Tensor given"),
        ("1r", (torch.rand(1, 2),), "one output spec but a tuple given"),
        ({"a": "1r"}, {"b": torch.rand(1, 2)}, "no output named 'a' among: b"),
        (3, torch.rand(1, 2), "3 is no action"),
    ],
)
def test_messages(specs, values, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act(specs, values)


@pytest.mark.parametrize("complement", [{0: 3, 3: 1}, {0: 1, 1: 2, 2: 0}])
def test_a_complement_that_does_not_return_is_refused(complement):
    with pytest.raises(ValueError, match="complements must point at each other"):
        tokens(complement)
