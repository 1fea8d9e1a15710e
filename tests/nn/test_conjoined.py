"""Conjoining any model: calling conventions, structures of outputs, train mode, and what is refused."""

from collections import OrderedDict, namedtuple
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rczoo import Input, Rep, SequenceLikelihood, build, conjoin, interpolate, one_hot, tokens
from rczoo.evaluation.losses import binary_cross_entropy
from rczoo.nn.canonical import read_alike
from rczoo.symmetry.equivariance import relative_error
from rczoo.symmetry.frames import combine
from rczoo.symmetry.rep import flip
from rczoo.testing import integer_tensor, normal_tensor, palindromes, reference, seeds
from tests.proofs.test_laws import DNA, obeys, rc
from tests.support.compiled import GRADIENT_ASKED, answers_compiled
from tests.support.ordinary_models import Positional, Recurrent, Strided
from tests.support.random_networks import Positions as BatchFirst
from tests.support.strategies import label_reps

KINDS = st.sampled_from([Strided, Recurrent])


@given(KINDS, label_reps, st.integers(1, 9), st.sampled_from(["mean", "sum", "max", "probability"]), seeds())
def test_whole_networks_in_eval_mode(kind, rep, batch, how, seed):
    """Exactly, whatever strides, pools or recurrences are inside."""
    f = kind(rep.channels, seed).eval()
    x = normal_tensor(seed, batch, 4, 23)
    g = conjoin(f, outputs=rep, merge=how).eval()
    assert obeys(g, x, DNA, rep)
    expected = reference.merge(*(f(z).detach().numpy() for z in (x, rc(DNA, x))), how)
    assert relative_error(g(x), torch.from_numpy(expected)) < 1e-12


@given(label_reps, st.integers(2, 5), st.booleans(), seeds())
def test_train_mode_pools_statistics_and_pairs_dropout(rep, batch, part, seed):
    f = Strided(rep.channels, seed)
    g = conjoin(f, outputs=rep).train()
    x = normal_tensor(seed, batch, 4, 23)
    turned = torch.cat([rc(DNA, x[:1]), x[1:]]) if part else rc(DNA, x)
    state = {name: value.clone() for name, value in f.state_dict().items()}

    def run(x):
        f.load_state_dict(state)
        torch.manual_seed(seed)
        return g(x), f.body[1].running_mean.clone(), f.body[1].num_batches_tracked.item()

    (y, mean, batches), (swapped, mean_turned, _) = run(x), run(turned)
    assert relative_error(swapped, y) < 1e-12
    torch.testing.assert_close(mean_turned, mean, rtol=1e-12, atol=1e-14)
    assert batches == 1
    torch.manual_seed(seed + 1)
    assert not torch.equal(g(x), y), "dropout is on in train mode"
    assert torch.equal(g.eval()(x), g(x)), "and off in eval mode"


def test_dropout_pairs_have_the_right_rate():
    f = nn.Sequential(nn.Dropout(0.25))
    torch.manual_seed(0)
    y = conjoin(f, outputs="dna", merge="sum").train()(torch.ones(100, 4, 50))
    assert sorted(y.unique().tolist()) == pytest.approx([0, 1 / 0.75, 2 / 0.75])
    assert y.mean() == pytest.approx(2, abs=0.05)


@given(palindromes())
def test_palindromes(s):
    f = Positional([4], [2, 1], [5, None], len(s), 0)
    profile, label = conjoin(f, outputs=("1r", "1t")).eval()(one_hot(s, torch.float64))
    assert torch.equal(rc(Rep("1r"), profile), profile)
    assert torch.equal(label, f(one_hot(s, torch.float64))[1])


def test_other_merges_may_raise_a_convex_loss_and_a_loss_of_probabilities_is_not_convex():
    """The converses of T5, by witnesses: one label, logits of the two strands."""
    u, v = torch.tensor([[3.0]]), torch.tensor([[-1.0]])
    absent = torch.zeros(1, 1)
    strands = (binary_cross_entropy(u, absent) + binary_cross_entropy(v, absent)) / 2
    assert binary_cross_entropy(combine(u, v, "mean"), absent) < strands
    assert binary_cross_entropy(combine(u, v, "sum"), absent) > strands
    assert binary_cross_entropy(combine(u, v, "max"), absent) > strands

    def squared(logit):  # of a label that is present
        return (1 - logit.sigmoid()).square()

    u, v = torch.tensor(5.0), torch.tensor(-8.0)
    assert squared(combine(u, v, "mean")) > (squared(u) + squared(v)) / 2


class Named(nn.Module):
    """Inputs by name, one of them optional, and a mapping of outputs with a string among them."""

    def forward(self, x, control=None, cell_type=None):
        total = x[:, :2] * 2 + x[:, 2:]
        total = total if control is None else total + control * torch.arange(1, 3)[:, None]
        total = total if cell_type is None else total + cell_type[:, None, None]
        return {"profile": total, "label": total[:, :1, 0], "note": "as it is"}


def test_mappings_of_inputs_and_outputs():
    inputs = {"x": "dna", "control": "2t", "cell_type": None}
    outputs = {"profile": "1r", "label": "1t"}
    x, control, cells = (
        integer_tensor(0, 3, 4, 6),
        integer_tensor(1, 3, 2, 6),
        torch.tensor([1.0, 2, 3]).double(),
    )
    for training in (False, True):
        g = conjoin(Named(), inputs, outputs, {"profile": "mean", "label": "max"}).train(training)
        results = [
            g(x, control, cells),
            g(x, cell_type=cells, control=control),
            g(x=x, control=control, cell_type=cells),
        ]
        turned = g(rc(DNA, x), rc(Rep("2t"), control), cells)
        first, second = Named()(x, control, cells), Named()(rc(DNA, x), rc(Rep("2t"), control), cells)
        for y in results:
            assert set(y) == {"profile", "label"}
            assert torch.equal(y["profile"], (first["profile"] + rc(Rep("1r"), second["profile"])) / 2)
            assert torch.equal(y["label"], torch.maximum(first["label"], second["label"]))
        assert torch.equal(turned["profile"], rc(Rep("1r"), y["profile"]))
        assert set(g(x)) == {"profile", "label"}
        assert torch.equal(g(x, None)["profile"], g(x, control=None)["profile"])


def test_one_mapping_merge_or_one_word_for_all():
    f = Positional([4], [2, 2], [4, None], 6, 1)
    x = integer_tensor(3, 2, 4, 6)
    words = conjoin(f, outputs=("1r", "2t"), merge=("sum", "max")).eval()(x)
    assert torch.equal(words[0], conjoin(f, outputs=("1r", "2t"), merge="sum").eval()(x)[0])
    assert torch.equal(words[1], conjoin(f, outputs=("1r", "2t"), merge="max").eval()(x)[1])
    single = conjoin(Positional([4], [2], [4], 6, 1), outputs="1r", merge=["max"]).eval()(x)
    assert torch.equal(single, conjoin(Positional([4], [2], [4], 6, 1), outputs="1r", merge="max").eval()(x))


@pytest.mark.parametrize("inputs", [["dna", None], ("dna", None), {"x": "dna", "control": None}])
def test_conjoining_twice_with_names_or_positions(inputs):
    class Plain(nn.Module):
        def forward(self, x, control):
            return x * torch.arange(6) + control

    x, control = integer_tensor(0, 2, 4, 6), integer_tensor(1, 2, 4, 6)
    once = conjoin(Plain(), inputs, "dna").eval()
    twice = conjoin(once).eval()
    assert torch.equal(twice(x, control), once(x, control))
    assert torch.equal(twice(x, control=control), once(x, control))
    assert torch.equal(once.train()(x, control), once.eval()(x, control))


def test_a_network_brings_its_own_reps():
    standard = build("bpnet", strategy="standard", control="2t", filters=2, length=353).double().eval()
    x, control = integer_tensor(0, 2, 4, 353), integer_tensor(1, 2, 2, 7)
    for u, v in zip(conjoin(standard).eval()(x, control), standard.remerge("mean")(x, control), strict=True):
        assert relative_error(u, v) < 1e-12


def test_specs_may_be_functions():
    g = conjoin(nn.Flatten(), outputs=lambda y: rc(DNA, y.view(-1, 4, 5)).flatten(1)).eval()
    x = integer_tensor(0, 2, 4, 5)
    assert torch.equal(g(x), x.flatten(1))


@pytest.mark.parametrize("first", [None, 2.0, torch.tensor(2.0)])
def test_inputs_that_are_no_batch(first):
    class Scaled(nn.Module):
        def forward(self, scale, x):
            return x * torch.arange(5) if scale is None else x * scale * torch.arange(5)

    g, x = conjoin(Scaled(), (None, "dna"), "dna"), integer_tensor(0, 3, 4, 5)
    assert torch.equal(g.train()(first, x), g.eval()(first, x))


def test_a_function_as_spec_takes_any_merge():
    g = conjoin(nn.Flatten(), outputs=lambda y: y, merge="max").eval()
    assert g(integer_tensor(0, 2, 4, 5)).shape == (2, 20)


def test_shown_as_typed():
    assert "dna -> 1t, merge='mean'" in repr(conjoin(nn.Flatten(), outputs="1t"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: conjoin(nn.Flatten()),
            r"conjoin: Flatten declares no rep_out: say how RC acts on its outputs, for example outputs='1t'",
        ),
        (
            lambda: conjoin(nn.Flatten(), outputs="1t", merge="median"),
            r"unknown merge 'median': choose one of",
        ),
        (lambda: conjoin(nn.Flatten(), outputs="1t", merge=["sum", "avg"]), r"unknown merge 'avg'"),
        (
            lambda: conjoin(nn.Flatten(), outputs=("1r", "1t"), merge=["canonical", "mean"]),
            r"merge 'canonical' reads one strand for all outputs, but merge is \['canonical', 'mean'\]: give",
        ),
        (
            lambda: conjoin(Named(), ("dna", "2t"), {"profile": "1r"}, "canonical")(
                integer_tensor(0, 3, 4, 5), integer_tensor(0, 1, 2, 5)
            ),
            r"merge 'canonical' chooses a strand for each example, .* sizes of that axis are \[3, 1\]$",
        ),
        (
            lambda: conjoin(nn.Flatten(0, 1), outputs="5t", merge="canonical")(integer_tensor(0, 3, 4, 5)),
            r"merge 'canonical' turns the answer of each of 3 examples, but an output has shape \(12, 5\)",
        ),
        (
            lambda: conjoin(nn.Flatten(), outputs="20t", merge="canonical").strands(torch.zeros(1, 4, 5)),
            r"strands: merge 'canonical' reads one strand: conjoin with 'mean' to have both",
        ),
        (
            lambda: interpolate(
                nn.Sequential(nn.Conv1d(4, 2, 1), nn.Conv1d(2, 2, 1)), outputs="1r", merge="canonical"
            ),
            r"interpolate: merge 'canonical' reads one strand, so there is nothing to exchange: take conjoin",
        ),
        (
            lambda: conjoin(nn.Flatten(), outputs=("1r", "2t+1s"), merge=["max", "max"]),
            r"merge 'max' is not equivariant on the 1 sign channel\(s\) of Rep 2t\+1s: use 'mean'",
        ),
        (
            lambda: conjoin(nn.Flatten(), outputs="20t")(integer_tensor(0, 1, 3, 5)),
            r"Rep 2r:flip acts on 4 channels, got 3",
        ),
        (
            lambda: conjoin(Named(), "dna", {"profile": "1r"})(
                integer_tensor(0, 1, 4, 5), integer_tensor(0, 1, 2, 5)
            ),
            r"conjoin: input 2 given, but inputs has 1 spec\(s\): name one for each \(None for",
        ),
        (
            lambda: conjoin(Named(), {"x": "dna"}, {"profile": "1r"})(
                integer_tensor(0, 1, 4, 5), integer_tensor(0, 1, 2, 5)
            ),
            r"conjoin: no spec for input 'control': add it to inputs, or map it to None",
        ),
        (
            lambda: conjoin(Anything(), ("dna", None), "dna")(
                integer_tensor(0, 1, 4, 5), shift=integer_tensor(0, 1)
            ),
            r"conjoin: input 'shift' has no place among .* \(none is named\): give inputs as a mapping",
        ),
        (
            lambda: conjoin(Named(), ("dna", "2t"), {"profile": "1r"})(
                integer_tensor(0, 3, 4, 5), integer_tensor(0, 1, 2, 5)
            ),
            r"conjoin: both strands run as one batch, .* sizes of that axis are \[3, 1\]$",
        ),
        (
            lambda: conjoin(nn.Flatten(0, 1), outputs="5t")(integer_tensor(0, 3, 4, 5)),
            r"conjoin: where both strands run as one batch, an output must have the 6 examples of both as "
            r"its first axis, "
            r"got \(24, 5\): conjoin after training, or give it the spec None",
        ),
        (
            lambda: conjoin(Named(), "dna", {"counts": "1r"})(integer_tensor(0, 1, 4, 5)),
            r"no output named 'counts' among: profile, label",
        ),
        (
            lambda: conjoin(Named(), "dna", {"profile": "1r"}, {"label": "sum", "profile": "sum"}),
            r"conjoin: merge names label, profile, but outputs names profile: give one merge for each output",
        ),
        (
            lambda: conjoin(Named(), "dna", "1r", {"label": "sum"}),
            r"conjoin: merge names label, but outputs names 0: give one merge for each output",
        ),
        (
            lambda: conjoin(Positional([4], [2, 2], [5, 5], 5, 0), "dna", ("1r", "1r"), ["sum"]),
            r"conjoin: 1 merge\(s\) for 2 output\(s\): give one word, or one for each output",
        ),
        (
            lambda: conjoin(Positional([4], [2, 2], [5, 5], 5, 0), "dna", ("1r",))(
                integer_tensor(0, 1, 4, 5)
            ),
            r"1 output specs but 2 given: name one spec for each output",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


class Positions(nn.Module):
    """Drops features of positions, which have no batch axis, as Enformer does."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return x.sum(1, keepdim=True) * self.drop(torch.ones(x.shape[2]))


def test_a_dropout_without_a_batch_axis_is_shared_by_both_strands():
    x = integer_tensor(0, 3, 4, 7)
    torch.manual_seed(0)
    mask = F.dropout(torch.ones(7))
    torch.manual_seed(0)
    y = conjoin(Positions(), outputs="1t").train()(x)
    assert torch.equal(y, x.sum(1, keepdim=True) * (mask + mask.flip(0)) / 2)
    assert 0 < mask.mean() < 2, "some positions were dropped"


class Dropouts(nn.Module):
    """Dropout by a function and, in place, by a module."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout1d(0.5, inplace=True)

    def forward(self, x):
        y = 1 + F.dropout(x, 0.5, self.training)
        self.drop(y)
        return y


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("compiled", [False, True])
def test_every_dropout_is_paired_also_nested_and_compiled(times, compiled):
    g, x = Dropouts(), torch.ones(30, 4, 9)
    for _ in range(times):
        g = conjoin(g, outputs="dna", merge="sum")
    g.train()
    g = torch.compile(g, backend="eager", fullgraph=True) if compiled else g
    turned = torch.cat([rc(DNA, x[:1]), x[1:]])
    answers = []
    for given_ in (x, turned):
        torch.manual_seed(0)
        answers.append(g(given_))
    assert torch.equal(answers[1], torch.cat([rc(DNA, answers[0][:1]), answers[0][1:]]))
    assert 0 < (answers[0] == 0).float().mean() < 1, "some channels were dropped"
    assert len(answers[0].unique()) > 3, "and some entries of others"


@pytest.mark.filterwarnings(GRADIENT_ASKED)
@pytest.mark.parametrize(
    "layer",
    [
        nn.LSTM(4, 2, 2, batch_first=True, dropout=0.5, bidirectional=True),
        nn.MultiheadAttention(4, 2, dropout=0.5, batch_first=True),
    ],
    ids=["recurrent", "attention"],
)
def test_what_compiles_to_no_single_graph_trains_compiled(layer):
    g = conjoin(BatchFirst(layer), outputs="4t").train()
    as_it_is, compiled = answers_compiled(g, normal_tensor(0, 3, 4, 9).float())
    assert torch.equal(as_it_is, compiled)
    compiled.sum().backward()


def test_a_forward_of_ones_own_is_left_alone():
    f = nn.Sequential(nn.Dropout(0.5))
    f[0].forward = lambda x: 3 * x
    g, x = conjoin(f, outputs="dna").train(), integer_tensor(0, 2, 4, 5)
    assert torch.equal(g(x), 3 * x)
    assert torch.equal(g(x), 3 * x)


Pair = namedtuple("Pair", "profile label")


class Answers(OrderedDict):
    """A mapping whose entries are attributes too, as those of transformers are."""

    __getattr__ = OrderedDict.__getitem__


def shaped(make):
    """A model of one input whose output is what ``make`` makes of it."""

    class Shaped(nn.Module):
        def forward(self, x):
            return make(x * torch.arange(x.shape[2]))

    return Shaped()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("merge", ["mean", {"human": {"tracks": ["mean", "max"]}, "loss": "mean"}])
def test_outputs_within_outputs_and_none_among_them(merge, training):
    f = shaped(lambda x: {"human": Answers(tracks=[x, None, x + 1], rest=None), "loss": None})
    specs = {"human": {"tracks": ("dna", "dna")}, "loss": None}
    x = integer_tensor(0, 2, 4, 6)
    y = conjoin(f, outputs=specs, merge=merge).train(training)(x)
    first, second = (f(z)["human"]["tracks"] for z in (x, rc(DNA, x)))
    tracks = y["human"]["tracks"]
    assert (type(y["human"]), type(tracks), len(tracks), tracks[1], y["loss"]) == (
        Answers,
        list,
        3,
        None,
        None,
    )
    assert torch.equal(tracks[0], (first[0] + rc(DNA, second[0])) / 2)
    how = torch.maximum if isinstance(merge, dict) else lambda u, v: (u + v) / 2
    assert torch.equal(tracks[2], how(first[2], rc(DNA, second[2])))
    assert torch.equal(conjoin(shaped(lambda x: (x, None)), outputs="dna").train(training)(x)[0], tracks[0])
    with pytest.raises(ValueError, match="merge names track, but outputs names tracks"):
        conjoin(f, outputs=specs, merge={"human": {"track": "mean"}, "loss": "mean"})
    with pytest.raises(ValueError, match="2 output specs but 3 given"):
        conjoin(shaped(lambda x: (x, x, x)), outputs=("dna", "dna"))(x)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("make", "outputs", "kind"),
    [
        (lambda x: [x, x.sum(2)], ["dna", "dna"], list),
        (lambda x: (x, None), ("dna", None), tuple),
        (lambda x: Pair(x, "a note"), ("dna", None), Pair),
        (lambda x: {"profile": x, "loss": x.mean(), "extra": None}, {"profile": "dna"}, dict),
        (
            lambda x: {"profile": x, "extra": None, "table": torch.ones(7, 2)},
            dict.fromkeys(["extra", "table"]),
            dict,
        ),
        (lambda x: Answers(profile=x), {"profile": "dna"}, Answers),
        (lambda x: x.max(2), ("dna", None), torch.return_types.max),
    ],
)
def test_outputs_keep_the_models_structure(make, outputs, kind, training):
    x, f = integer_tensor(0, 2, 4, 6), shaped(make)
    y = conjoin(f, outputs=outputs).train(training)(x)
    first, second = f(x), f(rc(DNA, x))
    assert type(y) is kind
    keys = outputs if isinstance(outputs, dict) else range(len(outputs))
    for key in keys:
        u, v = first[key], second[key]
        if outputs[key] == "dna":
            assert torch.equal(y[key], (u + rc(DNA, v)) / 2)
        elif isinstance(u, torch.Tensor) and kind is not dict:
            assert torch.equal(y[key], (u + v) / 2)
        else:
            assert torch.equal(y[key], u) if isinstance(u, torch.Tensor) else y[key] is u
    if kind is Answers:
        assert y.profile is y["profile"]
    assert len(y) == len(keys)


@pytest.mark.parametrize("rows", [7, 3])
def test_a_table_that_all_examples_share_may_come_first(rows):
    class Weighed(nn.Module):
        def forward(self, table, x):
            return x * table.sum() * torch.arange(x.shape[2])

    g, table, x = (
        conjoin(Weighed(), (None, "dna"), "dna"),
        integer_tensor(0, rows, 2),
        integer_tensor(1, 5, 4, 6),
    )
    assert torch.equal(g.train()(table, x), g.eval()(table, x))


class Anything(nn.Module):
    """A signature that names no parameter."""

    def forward(self, *args, **kwargs):
        return args[0] + kwargs.get("shift", 0)


def test_inputs_without_names_of_their_own():
    x = integer_tensor(0, 2, 4, 5)
    by_name = conjoin(Anything(), {"shift": None}, "dna").eval()
    assert torch.equal(conjoin(Anything(), "dna", "dna").eval()(x), x)
    with pytest.raises(ValueError, match=r"conjoin: input 1 has no name in the model's forward: give it"):
        by_name(x)


class Output(OrderedDict):
    """As other people's libraries answer: a mapping whose entries are attributes, too."""

    def __init__(self, **entries):
        super().__init__(entries)
        self.__dict__.update(entries)


WRAPS = {
    "tensor": (lambda profile, label: profile, "1r"),
    "tuple": (lambda profile, label: (profile, label), ("1r", "1t")),
    "list": (lambda profile, label: [profile, label], ("1r", "1t")),
    "namedtuple": (Pair, ("1r", "1t")),
    "dict": (
        lambda profile, label: {"label": label, "x": 1, "profile": profile},
        {"profile": "1r", "label": "1t"},
    ),
    "class": (lambda profile, label: Output(profile=profile, label=label, note="no"), {"profile": "1r"}),
}


def entries(outputs):
    """One output, several or a mapping of them, by name."""
    if isinstance(outputs, dict):
        return dict(outputs)
    listed = outputs if isinstance(outputs, list | tuple) else [outputs]
    return dict(zip(("profile", "label"), listed, strict=False))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("merge", ["mean", "max"])
@pytest.mark.parametrize("kind", WRAPS)
def test_the_strands_are_both_answers_whose_merge_is_the_answer(kind, merge, training):
    wrap, outputs = WRAPS[kind]

    class Wrapped(Named):
        def forward(self, x, control=None):
            found = super().forward(x, control)
            return wrap(found["profile"], found["label"])

    g = conjoin(Wrapped(), ("dna", "2t"), outputs, merge).train(training)
    x, control = integer_tensor(0, 3, 4, 6), integer_tensor(1, 3, 2, 6)
    merged, (given, other) = g(x, control), g.strands(x, control=control)
    assert type(given) is type(other) is type(merged)
    first, second = Named()(x, control), Named()(rc(DNA, x), rc(Rep("2t"), control))
    both, us, vs = (entries(y) for y in (merged, given, other))
    assert both.keys() == us.keys() == vs.keys() == entries(outputs).keys()
    for name, y in both.items():
        assert torch.equal(us[name], first[name])
        assert torch.equal(vs[name], rc(Rep("1r"), second[name]) if name == "profile" else second[name])
        assert torch.equal(combine(us[name], vs[name], merge), y)


def test_the_strands_share_dropout_masks_and_batch_statistics():
    f = Strided(2, 0)
    g, x = conjoin(f, outputs="2t").train(), normal_tensor(0, 4, 4, 23)
    state = {name: value.clone() for name, value in f.state_dict().items()}
    torch.manual_seed(1)
    merged = g(x)
    f.load_state_dict(state)
    torch.manual_seed(1)
    given, other = g.strands(x)
    assert torch.equal((given + other) / 2, merged)
    assert f.body[1].num_batches_tracked.item() == 1


class Flagged(nn.Module):
    def forward(self, x, scale=1.0, head="mouse", double=False):
        return x.sum(1) * scale * (2 if head == "human" else 1) * (2 if double else 1)


@pytest.mark.parametrize("inputs", ["dna", {"x": "dna"}, Input("dna"), [Input("dna")]])
def test_flags_need_no_spec_and_an_input_stands_for_its_action(inputs):
    both = conjoin(Flagged(), inputs, "positions")
    x = torch.rand(2, 4, 7)
    for mode in (True, False):
        torch.testing.assert_close(both.train(mode)(x, 3.0, head="human", double=True), 12 * x.sum(1))


@given(KINDS, label_reps, st.integers(1, 9), st.booleans(), seeds())
def test_the_canonical_strand_is_exact_in_both_modes(kind, rep, batch, training, seed):
    """Of random sequences some are read from either strand; each is one of the two answers."""
    f, x = kind(rep.channels, seed), normal_tensor(seed, batch, 4, 23)
    g = conjoin(f, outputs=rep, merge="canonical").train(training)

    def run(x):
        torch.manual_seed(seed)
        return g(x)

    y, turned = run(x), run(rc(DNA, x))
    assert torch.equal(turned, rc(rep, y))
    if not training:
        one, other = f(x), rc(rep, f(rc(DNA, x)))
        for n in range(batch):
            assert any(relative_error(y[n], each[n]) < 1e-12 for each in (one, other))


class Padded(nn.Module):
    """Tokens, a control track and a mask."""

    def forward(self, ids, control, mask):
        profile = torch.stack(
            [(ids * torch.arange(1, 7)).cumsum(1), ids.square() + control[:, 0]], 1
        ).double()
        return profile * mask[:, None], (profile[:, 0] * mask).sum(1, keepdim=True)


@given(seeds())
def test_the_canonical_strand_of_tokens_several_inputs_masks_and_palindromes(seed):
    complement = tokens([3, 2, 1, 0])
    lengths = [6, 4, 6, 5]
    mask = (torch.arange(6) < torch.tensor(lengths)[:, None]).long()
    ids = integer_tensor(seed, 4, 6).long() % 4 * mask
    ids[2] = torch.tensor([0, 1, 2, 1, 2, 3])  # its own reverse complement, told apart by the control
    ids[0] = ids[2]  # and a palindrome altogether
    control = integer_tensor(seed + 1, 4, 1, 6) * mask[:, None]
    control[0] = control[0] + control[0].flip(1)

    def turn(x, action):
        rows = [
            torch.cat([action(row[None, ..., :n]), row[None, ..., n:]], -1)
            for row, n in zip(x, lengths, strict=True)
        ]
        return torch.cat(rows)

    g = conjoin(Padded(), (complement, "1t", "mask"), ("1r", "1t"), "canonical").eval()
    profile, total = g(ids, control, mask)
    other = g(turn(ids, complement), turn(control, flip), mask=mask)
    assert torch.equal(other[0], turn(profile, lambda y: rc(Rep("1r"), y)))
    assert torch.equal(other[1], total)
    assert torch.equal(rc(Rep("1r"), profile[:1]), profile[:1])


def test_the_canonical_strand_runs_the_model_once_and_makes_a_fast_member_exact():
    member = build("tf-cnn", mixing=0.5, filters=4, length=150, pool=(20, 6)).eval()
    member.execution = "tied"
    passes = []
    member.register_forward_hook(lambda *_: passes.append(1))
    x = normal_tensor(0, 5, 4, 150).float()
    g = conjoin(member, merge="canonical").eval()
    assert torch.equal(g(x), g(rc(DNA, x)))
    assert len(passes) == 2
    torch.testing.assert_close(g(x), member(x))


@pytest.mark.parametrize("palindrome", [False, True])
def test_alleles_are_read_from_the_strand_of_the_reference(palindrome):
    """The first of a pair that is no palindrome decides, so a pair and its reverse complement score alike."""
    letters = ["ACGT" if palindrome else "TTAC", "TCGT", "CATT", "AAAA"]
    x = torch.cat([one_hot(each, torch.float64) for each in letters])
    read = []

    class Notes(nn.Module):
        def forward(self, x):
            read.append(x)
            return (x * torch.arange(4.0)).sum((1, 2))[:, None]

    g = conjoin(Notes(), outputs="1t", merge="canonical")
    with read_alike(g, 2):
        y, turned = g(x), g(rc(DNA, x))
    assert torch.equal(y, turned)
    swapped = [not torch.equal(u, v) for u, v in zip(read[0], x, strict=True)]
    assert swapped[2:] == [swapped[2]] * 2
    assert palindrome or swapped[0] == swapped[1]
    assert g.examples_alike == 1


def test_the_likelihood_of_a_sequence_is_that_of_each_base_after_the_one_before():
    model, bases = nn.Embedding(4, 4), [0, 2, 1, 3, 3]
    found = SequenceLikelihood(model, channels_last=True)(torch.tensor([bases]))
    chances = torch.log_softmax(model.weight, dim=1)
    assert found.item() == pytest.approx(sum(chances[pair].item() for pair in pairwise(bases)), rel=1e-5)
