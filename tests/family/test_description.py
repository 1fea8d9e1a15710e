"""Where a network sits in the family: names, counts and costs."""

import pytest
import torch
from hypothesis import given
from torch.utils.flop_counter import FlopCounterMode

from rczoo import build, summary
from rczoo.testing import inputs_of, networks, seeds


@pytest.mark.parametrize(
    ("architecture", "options", "names"),
    [
        ("tf-cnn", {"strategy": "standard"}, ("standard",)),
        ("tf-cnn", {"strategy": "rcps"}, ("rcps",)),
        ("tf-cnn", {"strategy": "rcps-mean"}, ("rcps-mean",)),
        ("tf-cnn", {"strategy": "conjoined"}, ("conjoined",)),
        ("tf-cnn", {"strategy": "conjoined-max"}, ("conjoined-max",)),
        ("tf-cnn", {"strategy": "conjoined-sum"}, ("fully wrapped hybrid",)),
        ("tf-cnn", {"strategy": "conjoined-probability"}, ()),
        ("tf-cnn", {"wrap": (2, 1)}, ("hybrid wrap=(2, 1)",)),
        ("tf-cnn", {"wrap": (1, 2)}, ("hybrid wrap=(1, 2)",)),
        ("bpnet", {"wrap": (2, 3, 2)}, ("hybrid wrap=(2, 3, 2)",)),
        ("tf-cnn", {"mixing": 0.5}, ()),
        ("tf-cnn", {"mixing": (0, 0.5)}, ()),
        ("motif-cnn", {"mixing": "rcps"}, ("rcps",)),
        ("motif-cnn", {"mixing": "conjoined"}, ("conjoined",)),
        ("motif-cnn", {"strategy": "standard"}, ("standard",)),
    ],
)
def test_names(architecture, options, names):
    assert summary(build(architecture, **options, filters=4)).names == names


@given(networks(), seeds())
def test_counts_are_what_torch_counts(network, seed):
    described, inputs = summary(network), inputs_of(network, 1, seed)
    assert described.parameters == sum(p.numel() for p in network.parameters())
    assert [row.received for row in described.rows[:-1]] == [b.exchanged for b in network.trunk.blocks]
    assert [row.share for row in described.rows[1:-1]] == list(network.config.mixing)
    counted = FlopCounterMode(display=False)  # shapes only: on a CPU some products are done by other means
    with counted, torch.no_grad():
        network.to("meta")(*(x.to("meta") for x in inputs))
    assert described.multiply_adds == counted.get_total_flops() / 2


@given(networks(architectures=("tf-cnn",)))
def test_table(network):
    described = summary(network)
    lines = str(described).splitlines()
    first = f"tf-cnn, {network.config.filters} filters per strand, merge {network.config.merge}: "
    assert lines[0].startswith(first)
    assert len(lines) == 2 + 3 + 1 + 1
    assert lines[-1].split() == ["total", f"{described.parameters:,}", f"{described.multiply_adds:,}"]
    assert len({len(line) for line in lines[1:]}) == 1
    assert lines[3].split()[1] == f"{network.trunk.blocks[1].exchanged}/{network.config.filters}"


def test_between_the_names():
    text = str(summary(build("tf-cnn", mixing=0.25)))
    assert text.splitlines()[0].endswith("merge sum: between the paper's names")
    assert "4/16" in text
    assert "0.25" in text


@pytest.mark.parametrize("architecture", ["motif-cnn", "tf-cnn", "bpnet"])
def test_one_strand_costs_half_of_two(architecture):
    one, two = (summary(build(architecture, strategy=s)) for s in ("standard", "conjoined"))
    costs = [[row.multiply_adds for row in s.rows] for s in (one, two)]
    assert costs[1][:-1] == [2 * cost for cost in costs[0][:-1]]
    assert costs[1][-1] == costs[0][-1] * (2 if architecture == "bpnet" else 1)


def test_costs_grow_from_half_of_rcps():
    whole, half, none = (summary(build("tf-cnn", mixing=m)) for m in (1, 0.5, 0))
    for n in (1, 2):
        costs = [s.rows[n].multiply_adds for s in (none, half, whole)]
        assert costs[1] - costs[0] == costs[2] - costs[1]
        assert costs[2] == 2 * costs[0]
