"""Reverse-complement equivariance for deep learning models of DNA."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

_WHERE = {
    "Rep": "rep",
    "REGULAR": "rep",
    "TRIVIAL": "rep",
    "SIGN": "rep",
    "one_hot": "dna",
    "reverse_complement": "dna",
    "RCConv1d": "convolution",
    "RCBatchNorm1d": "layers",
    "RCDropout": "layers",
    "RCMaxPool1d": "pooling",
    "RCAvgPool1d": "pooling",
    "RCActivation": "layers",
    "RCSequential": "layers",
    "build": "architectures",
    "summary": "description",
    "embed": "embedding",
    "change_merge": "embedding",
    "fold_gain": "embedding",
    "fuse": "fusion",
    "same_function_class": "embedding",
    "admissible_lengths": "geometry",
    "conjoin": "conjoining",
    "check": "conformance",
    "equivariance_error": "equivariance",
    "assert_equivariant": "equivariance",
    "measure": "divergence",
    "predict": "prediction",
    "score_variants": "variants",
    "load": "hub",
    "list_models": "hub",
    "attribute": "attribution",
    "Input": "subject",
    "channels_last": "actions",
    "tokens": "actions",
    "parametrize_with_checks": "pytest_plugin",
}
__all__ = ["__version__", *_WHERE]

if TYPE_CHECKING:
    from .actions import channels_last as channels_last
    from .actions import tokens as tokens
    from .architectures import build as build
    from .attribution import attribute as attribute
    from .conformance import check as check
    from .conjoining import conjoin as conjoin
    from .convolution import RCConv1d as RCConv1d
    from .description import summary as summary
    from .divergence import measure as measure
    from .dna import one_hot as one_hot
    from .dna import reverse_complement as reverse_complement
    from .embedding import change_merge as change_merge
    from .embedding import embed as embed
    from .embedding import fold_gain as fold_gain
    from .embedding import same_function_class as same_function_class
    from .equivariance import assert_equivariant as assert_equivariant
    from .equivariance import equivariance_error as equivariance_error
    from .fusion import fuse as fuse
    from .geometry import admissible_lengths as admissible_lengths
    from .hub import list_models as list_models
    from .hub import load as load
    from .layers import RCActivation as RCActivation
    from .layers import RCBatchNorm1d as RCBatchNorm1d
    from .layers import RCDropout as RCDropout
    from .layers import RCSequential as RCSequential
    from .pooling import RCAvgPool1d as RCAvgPool1d
    from .pooling import RCMaxPool1d as RCMaxPool1d
    from .prediction import predict as predict
    from .pytest_plugin import parametrize_with_checks as parametrize_with_checks
    from .rep import REGULAR as REGULAR
    from .rep import SIGN as SIGN
    from .rep import TRIVIAL as TRIVIAL
    from .rep import Rep as Rep
    from .subject import Input as Input
    from .variants import score_variants as score_variants


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import rczoo`` stays light."""
    if name in _WHERE:
        return getattr(import_module(f".{_WHERE[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
