"""What a network is built from, resolved: every argument of ``build`` that shapes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class NetworkConfig:
    """The arguments of a built network, none left open: :func:`rczoo.build` checked them and chose the rest.

    ``mixing`` has a share for each block after the first; ``pool`` is None for profiles, ``control`` the text
    of a Rep or None; ``irreps`` is None where blocks carry pairs.
    """

    architecture: str
    mixing: tuple[float, ...]
    merge: str
    filters: int
    gain: float
    outputs: int
    length: int
    pool: tuple[int, int] | None
    control: str | None
    count_head: bool
    position: str | None
    batch_statistics: str
    irreps: float | None = None

    def keywords(self) -> dict[str, Any]:
        """What to give to ``build`` for the same network again; a checkpoint keeps these as JSON.

        Without ``irreps`` where there are none: so networks of pairs have the keywords that they always had.
        """
        without = ("irreps",) if self.irreps is None else ()
        return {name: value for name, value in asdict(self).items() if name not in without}


@dataclass(frozen=True)
class InterpolatedConfig:
    """The arguments of a network of the field, none left open.

    ``mixing`` has a share for each site; ``outputs`` is a number, or the text of the Rep of tracks;
    ``out_length`` is in bases, and None for labels.
    """

    architecture: str
    mixing: tuple[float, ...]
    merge: str
    filters: int
    outputs: int | str
    length: int
    out_length: int | None
    control: str | None

    def keywords(self) -> dict[str, Any]:
        """What to give to ``build`` for the same network again; a checkpoint keeps these as JSON."""
        return asdict(self)
