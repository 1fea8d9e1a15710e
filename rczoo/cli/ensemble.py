"""The command ``rczoo ensemble``: several models as one checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import OUTPUT, Force, Json, model_names, print_json, refuse_overwriting

KEPT = ("task", "strategy", "seed", "sha256")
"""What the config of an ensemble says of each member."""
SHARED = ("outputs", "control_widths")
"""What the members must have in common beside what the models themselves tell."""


def ensemble(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Published models' names, or checkpoint folders.",
            autocompletion=model_names,
        ),
    ],
    out: Annotated[Path, typer.Option(help="The checkpoint folder to write.", rich_help_panel=OUTPUT)],
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write one model that answers with the mean of several, such as the seeds of one training.

    Example: rczoo ensemble runs/sim-200/rcps/1535 runs/sim-200/rcps/1780 --out both
    """
    refuse_overwriting(out, force)
    from ..family.checkpoint import load_checkpoint, read_config, save_checkpoint
    from ..family.ensembles import ensemble as ensemble_of
    from ..hub.published import checkpoint_folder

    folders = [checkpoint_folder(name) for name in names]
    if out.resolve() in [folder.resolve() for folder in folders]:
        raise ValueError(f"{out} is one of the models, and writing would destroy it: choose another --out")
    configs = [read_config(folder) for folder in folders]
    _check_shared(names, configs)
    model = ensemble_of(load_checkpoint(folder) for folder in folders)
    about = describe(configs)
    save_checkpoint(model, out, **about)
    if as_json:
        print_json({"checkpoint": str(out), "title": model.title, **about})
        return
    typer.echo(f"saved in {out}: {model.title}")
    if about["task"] is None:
        typer.echo("the members have no task in common: give --task to evaluate")


def describe(configs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a checkpoint of the ensemble says, from the configs of its members.

    ``data`` are those of a member whose task is not the package's, which the ensemble's then is not either.
    """
    from ..data.packaged import packaged

    own = next((config for config in configs if packaged(config) is None), {})
    strategy = _common(configs, "strategy")
    return {
        "task": _common(configs, "task"),
        "strategy": f"{strategy}-ensemble-{len(configs)}" if strategy else "ensemble",
        **{name: configs[0][name] for name in SHARED},
        **({"data": own["data"]} if "data" in own else {}),
        "members": [{name: config.get(name) for name in KEPT} for config in configs],
    }


def _common(configs: Sequence[dict[str, Any]], name: str) -> Any:
    """What all configs say, None where they differ."""
    first, *others = (config.get(name) for config in configs)
    return first if all(value == first for value in others) else None


def _check_shared(names: Sequence[str], configs: Sequence[dict[str, Any]]) -> None:
    """Refuse models whose outputs have the same Reps and mean something else."""
    for name, config in zip(names, configs, strict=True):
        for key in SHARED:
            if config[key] != configs[0][key]:
                raise ValueError(
                    f"{key} of {names[0]} are {configs[0][key]}, of {name} {config[key]}: give models that "
                    "agree"
                )
