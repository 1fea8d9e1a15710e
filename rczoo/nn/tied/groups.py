"""Groups of consecutive channels, which reverse complement has to take to groups."""

from __future__ import annotations

from ..._arguments import check_whole
from ...symmetry.rep import Rep


def mirrored_groups(layer: str, rep: Rep, groups: int) -> list[int]:
    """The group that holds the partners of each group's channels.

    Raises ValueError where groups would have different sizes, and where the partners of one group lie in
    several: what is done to each group alike would then not be done to their mirror images.
    """
    check_whole(layer, groups=(groups, 1))
    if rep.channels % groups:
        raise ValueError(
            f"{layer}: groups is {groups}, which does not divide the {rep.channels} channels of Rep {rep}: "
            "choose a divisor"
        )
    size = rep.channels // groups
    mirrored = []
    for g in range(groups):
        partners = {j // size for j in rep.partners[g * size : (g + 1) * size]}
        if len(partners) > 1:
            raise ValueError(
                f"{layer}: the partners of group {g} of {groups} of Rep {rep} lie in groups "
                f"{', '.join(map(str, sorted(partners)))}: order the channels so that one group holds them"
            )
        mirrored.append(partners.pop() if partners else g)
    return mirrored


def check_groups(layer: str, rep_in: Rep, rep_out: Rep, groups: int) -> None:
    """Refuse groups that reverse complement would connect to other groups than those of the kernel."""
    given, returned = (mirrored_groups(layer, rep, groups) for rep in (rep_in, rep_out))
    for g, (i, o) in enumerate(zip(given, returned, strict=True)):
        if i != o:
            raise ValueError(
                f"{layer}: reverse complement takes group {g} of {groups} to group {i} in Rep {rep_in}, but "
                f"to group {o} in Rep {rep_out}: give both Reps the same order of pairs"
            )
