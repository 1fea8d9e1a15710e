"""What the outputs of a task are called, and how its controls are smoothed: what a checkpoint keeps."""

from __future__ import annotations

from .schema import ChipExoData, IntervalData, Naming, SimulationData, TableData, TileData
from .sources.simulation import motifs
from .sources.table import label_columns
from .task import Task


def output_names(task: Task) -> list[str]:
    """The names of a task's labels or factors; none where it names none.

    ``names`` in the task's data, else motifs, factors, or the label columns of a table with several.
    """
    data = task.data
    if isinstance(data, SimulationData):
        return [motif.partition("_")[0] for motif in motifs()]
    if isinstance(data, ChipExoData | TileData):
        return [factor.name for factor in data.factors]
    if isinstance(data, Naming) and data.names:
        return list(data.names)
    if isinstance(data, TableData) and task.model.number > 1:
        return label_columns(task.path(data.train))
    return []


def control_widths(task: Task) -> list[int]:
    """The widths at which control tracks are smoothed; none without controls."""
    control = task.data.control if isinstance(task.data, IntervalData) else None
    return list(control.widths) if control else []
