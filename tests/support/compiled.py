"""A network as ``torch.compile`` runs it, beside itself."""

import torch


def answers_compiled(network, *inputs, **options):
    """What a network answers as it is and compiled, its random numbers alike: a pair."""
    torch.compiler.reset()
    answers = []
    for run in (network, torch.compile(network, backend="eager", **options)):
        torch.manual_seed(1)
        answers.append(run(*inputs))
    return answers


GRADIENT_ASKED = "ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"
"""What PyTorch says of itself where it resumes after a break of the graph."""
