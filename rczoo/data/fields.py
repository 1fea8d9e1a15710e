"""What the fields of task files are made of: the table, and types that say what to write."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.fields import FieldInfo

from ..symmetry import dna
from ..symmetry.rep import Rep


class Table(BaseModel):
    """A table of a task file: immutable, and unknown entries are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def plain(self) -> dict[str, Any]:
        """The table as JSON holds it, with its defaults and without what is not given."""
        return self.model_dump(mode="json", exclude_none=True)


class FileMark:
    """Marks the fields that name files."""


def whole(least: int, what: str = "a whole number") -> FieldInfo:
    """A whole number that is not smaller than the least."""
    field: FieldInfo = Field(strict=True, ge=least, description=f"{what} >= {least}")
    return field


def one_of(*choices: str) -> FieldInfo:
    """One of some words, as the type says too."""
    field: FieldInfo = Field(description=f"one of {', '.join(choices)}")
    return field


def table(kind: type[Table], what: str = "a table") -> FieldInfo:
    """A table, described by the entries that it needs, or else by those that it may have."""
    needed = [name for name, field in kind.model_fields.items() if field.is_required()]
    field: FieldInfo = Field(description=f"{what} with {', '.join(needed or kind.model_fields)}")
    return field


def tables(kind: type[Table]) -> FieldInfo:
    """A list of tables."""
    field: FieldInfo = Field(min_length=1, description=table(kind, "a list of tables, [[...]],").description)
    return field


def _several(value: Any) -> Any:
    """A name alone as a list of one."""
    return [value] if isinstance(value, str) else value


def text_of_rep(text: str | None) -> str | None:
    """The text of a Rep; ValueError for another."""
    return text and str(Rep(text))


FILE = Field(description="the name of a file")
FLAG = Field(strict=True, description="true or false")
TEXT = Field(description="a text")
FileName = Annotated[str, FileMark, FILE]
FileNames = Annotated[tuple[str, ...], FileMark, Field(min_length=1, description="a list of file names")]
Several = Annotated[tuple[str, ...], Field(min_length=1)]
SEVERAL = Field(description="the name of a file, or a list of them")
ONE_OR_SEVERAL = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
Files = Annotated[Several, FileMark, BeforeValidator(_several), SEVERAL, ONE_OR_SEVERAL]
MaybeFiles = Annotated[Several | None, FileMark, BeforeValidator(_several), SEVERAL, ONE_OR_SEVERAL]
Chromosomes = Annotated[tuple[str, ...] | None, Field(description='a list of chromosomes, as ["chr1"]')]
Names = Annotated[
    tuple[str, ...] | None,
    Field(min_length=1, description="a list of names, one for each of the model's outputs"),
]
Consensus = Annotated[str, Field(pattern=f"^[{''.join(dna.IUPAC)}]+$")]
StrictInt = Annotated[int, Field(strict=True)]
Width = Annotated[int, whole(1)]
Positions = Annotated[int | None, whole(1, "the number of profile positions, a whole number")]
