"""What a published model says of its training; of an ensemble, of the trainings of its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def training(ran: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's training took; of an ensemble the sum over its members, which are listed."""
    if "members" not in ran:
        kept = {name: ran[name] for name in ("best_epoch", "seconds", "agreement") if name in ran}
        return {"epochs": len(ran["history"]), **kept}
    listed = ran["members"]
    return {
        "members": listed,
        "epochs": sum(member["epochs"] for member in listed),
        "best_epoch": [member["best_epoch"] for member in listed],
        "seconds": sum(member["seconds"] for member in listed),
    }


def section(about: Mapping[str, Any]) -> str:
    """The part of an ensemble's card that says what it is made of and costs; empty for other models."""
    if "members" not in about:
        return ""
    listed, strands = about["members"], 1 if about["merge"] == "none" else 2
    seeds = ", ".join(str(member["seed"]) for member in listed)
    return (
        f"## Members\n\nThe answer is the mean of {len(listed)} models: `{listed[0]['strategy']}`, merge "
        f"{about['merge']}, seeds {seeds}, the first of the zoo's, whatever their scores. Epochs and "
        f"seconds above are their sums. A prediction costs {len(listed) * strands} passes: {len(listed)} "
        f"models, {strands} strand{'s' if strands > 1 else ''} each."
    )
