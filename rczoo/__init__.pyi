from ._version import __version__ as __version__
from .attribution.methods import attribute as attribute
from .conformance.divergence import measure as measure
from .conformance.pytest_plugin import parametrize_with_checks as parametrize_with_checks

# Other people's models
from .conformance.suite import check as check
from .conformance.tested_model import Input as Input

# Data, training and published models
from .data.task import load_task as load_task
from .evaluation.scoring import evaluate as evaluate
from .export.fusion import fuse as fuse

# The family
from .family.architectures import build as build
from .family.description import summary as summary
from .family.embedding import change_merge as change_merge
from .family.embedding import embed as embed
from .family.embedding import fold_gain as fold_gain
from .family.embedding import same_function_class as same_function_class
from .hub.published import list_models as list_models
from .hub.published import load as load

# Answers and their reasons
from .inference.prediction import predict as predict
from .inference.variants import score_variants as score_variants
from .nn.conjoined import conjoin as conjoin
from .nn.convolution import RCConv1d as RCConv1d

# Layers, and any model conjoined
from .nn.layers import RCActivation as RCActivation
from .nn.layers import RCBatchNorm1d as RCBatchNorm1d
from .nn.layers import RCDropout as RCDropout
from .nn.layers import RCSequential as RCSequential
from .nn.pooling import RCAvgPool1d as RCAvgPool1d
from .nn.pooling import RCMaxPool1d as RCMaxPool1d
from .symmetry.actions import channels_last as channels_last
from .symmetry.actions import tokens as tokens
from .symmetry.dna import one_hot as one_hot
from .symmetry.dna import reverse_complement as reverse_complement
from .symmetry.equivariance import assert_equivariant as assert_equivariant
from .symmetry.equivariance import equivariance_error as equivariance_error
from .symmetry.geometry import admissible_lengths as admissible_lengths

# The idea
from .symmetry.rep import REGULAR as REGULAR
from .symmetry.rep import SIGN as SIGN
from .symmetry.rep import TRIVIAL as TRIVIAL
from .symmetry.rep import Rep as Rep
from .training.trainer import train as train
