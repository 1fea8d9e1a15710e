"""Untrained networks of a few filters as checkpoints, a small genome, and the command line in one call."""

import torch

from rczoo.family.architectures import build
from rczoo.family.checkpoint import save_checkpoint
from tests.support.miniature import random_genome, write_fasta

LENGTH, POSITIONS, MARGIN = 371, 25, 173
GENOME = {"chrI": 900, "chrII": 400, "chrIV": 150}


def profile_model(strategy="standard", **options):
    torch.manual_seed(3)
    options = {"filters": 2, "length": LENGTH, "count_head": False, "gain": 1.2} | options
    return build("bpnet", strategy=strategy, **options).eval()


def label_model(strategy="standard", **options):
    torch.manual_seed(4)
    return build("motif-cnn", strategy=strategy, **{"filters": 3, "length": 80} | options).eval()


def saved(model, folder, task=None):
    return save_checkpoint(model, folder, task=task, strategy="small")


def genome_file(folder):
    genome = random_genome(5, GENOME)
    return genome, write_fasta(folder / "g.fa", genome)


def refused(result):
    """The one line of a refusal."""
    assert result.exit_code == 2, result.output
    [line] = result.stderr.strip().splitlines()
    return line
