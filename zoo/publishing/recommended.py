"""Which published model of a task is recommended: the one that ``rczoo.load(TASK)`` gives.

The rule, which looks at nothing of the test split:

1. It answers both strands alike, and passes its check.
2. It costs at most two passes of a network: one model on both strands. An ensemble costs two passes for each
   of its members, so it is another class, and stays one call away.
3. It is no study of a fault: names with ``-frozen`` or ``-gain-2`` repeat what the paper's code did.
4. Of these it has the best score on the validation split: the auROC of labels, the loss of profiles.

Whether it is above the bar of its task is then read off the test split, and the index and the card say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PASSES = 2
"""Most passes of a network for one answer."""
FAULTS = ("-frozen", "-gain-")


def recommended(configs: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The strategy recommended of those published for a task, by their configs; None if none may be."""
    allowed = [name for name, config in configs.items() if _eligible(name, config)]
    return min(allowed, key=lambda name: (_loss(configs[name]), name), default=None)


def passes(config: Mapping[str, Any]) -> int:
    """How many passes of a network an answer costs: members times strands."""
    strands = 1 if config["merge"] == "none" else 2
    return len(config.get("members", [None])) * strands


def _eligible(name: str, config: Mapping[str, Any]) -> bool:
    cheap = passes(config) <= PASSES
    return cheap and config["merge"] != "none" and not any(ending in name for ending in FAULTS)


def _loss(config: Mapping[str, Any]) -> float:
    """What is least for the best model on the validation split."""
    scores = config["metrics"]["validation"]
    return float(scores["loss"] if "jsd" in scores else -scores["auroc"])
