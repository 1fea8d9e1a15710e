"""A task file as a whole: its tables, the rules between them, and its schema for editors."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError
from pydantic import model_validator as checked

from ..files.storage import stays_below
from ..symmetry.rep import Rep
from .fields import TEXT, Table, one_of, table
from .mistakes import in_words
from .recipe import Model, Training
from .schema import (
    KINDS,
    ChipExoData,
    DeepBindData,
    File,
    IntervalData,
    Naming,
    Origin,
    PeakData,
    Reference,
    SimulationData,
    Symmetry,
    TableData,
    TileData,
)


def _plain(name: str | None) -> str | None:
    """A name that can be that of a folder; ValueError for another."""
    if name is not None and not stays_below(name):
        raise ValueError
    return name


Name = Annotated[str | None, AfterValidator(_plain), Field(description="a plain one, it names folders")]
Kind = Annotated[Literal["labels", "profile"], one_of("labels", "profile")]
Data = SimulationData | ChipExoData | IntervalData | TableData | PeakData | DeepBindData | TileData


class TaskFile(Table):
    """The content of a task file."""

    name: Name = None
    title: Annotated[str | None, TEXT] = None
    description: Annotated[str, TEXT] = ""
    kind: Kind
    files: Annotated[tuple[File, ...], Field(description="[[files]] with path and url")] = ()
    symmetry: Annotated[Symmetry, table(Symmetry)] = Symmetry()
    origin: Annotated[Origin, table(Origin)] = Origin()
    reference: Annotated[Reference, table(Reference)] = Reference()
    model: Annotated[Model, table(Model)]
    training: Annotated[Training, table(Training)]
    data: Annotated[Data, Field(discriminator="source", description="a table with source")]

    @checked(mode="after")
    def _kind_of_the_source(self) -> Self:
        source = self.data.source
        if self.kind not in KINDS[source]:
            raise ValueError(f"kind is {self.kind!r}, but [data] source {source!r} gives {KINDS[source][0]}")
        if self.kind == "profile" and self.training.criterion == "auroc":
            raise ValueError("[training] criterion is 'auroc', which only labels have: write 'loss'")
        if self.training.positives and (self.kind == "profile" or self.model.number > 1):
            raise ValueError("[training] positives and negatives need one label: leave them out")
        return self

    @checked(mode="after")
    def _profile(self) -> Self:
        if self.kind == "profile" and isinstance(self.data, ChipExoData | IntervalData):
            if self.data.out_length is None:
                raise ValueError("[data] needs 'out_length', the number of profile positions")
            if isinstance(self.data, IntervalData) and not self.data.signal:
                raise ValueError(
                    "[data] needs 'signal': write [[data.signal]] with the bigWig files plus and minus"
                )
        return self

    @checked(mode="after")
    def _outputs(self) -> Self:
        outputs = self.model.outputs
        if self.kind == "labels" and isinstance(outputs, str):
            raise ValueError(f"[model] outputs is {outputs!r}, but kind is 'labels': write their number")
        if self.kind == "profile" and isinstance(self.data, IntervalData):
            tracks = self.data.tracks
            if tracks != self.model.tracks:
                raise ValueError(
                    f"[model] outputs is {outputs!r}, but the tables [[data.signal]] are of {tracks}: write "
                    f'outputs = "{tracks}"'
                )
        return self

    @checked(mode="after")
    def _motifs(self) -> Self:
        motifs = self.reference.motifs
        if motifs and self.kind == "profile":
            raise ValueError("kind is 'profile', but [reference] motifs are of labels: leave them out")
        if motifs and len(motifs) != self.model.number:
            raise ValueError(
                f"[reference] motifs gives {len(motifs)}, [model] outputs is {self.model.outputs}: "
                "make them equal"
            )
        return self

    @checked(mode="after")
    def _sizes(self) -> Self:
        control = self.data.control if isinstance(self.data, IntervalData) else None
        channels, widths = Rep(self.model.control or "0t").channels, len(control.widths if control else ())
        if channels != widths:
            raise ValueError(
                f"[model] control has {channels} channels, [data.control] {widths} widths: make them equal"
            )
        names = self.data.names if isinstance(self.data, Naming) else None
        if names and len(names) != self.model.number:
            raise ValueError(
                f"[data] names gives {len(names)}, [model] outputs is {self.model.outputs}: make them equal"
            )
        return self


def read_content(content: dict[str, Any], file: str) -> TaskFile:
    """The content of a task file; ValueError, in one line, on the first entry that is not as it must be."""
    try:
        return TaskFile.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{file}: {in_words(error, TaskFile, content)}") from None


def json_schema() -> dict[str, Any]:
    """The schema of task files by which an editor completes and checks them."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TaskFile.model_json_schema()}
