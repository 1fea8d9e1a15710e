from ._version import __version__ as __version__

# Representations, and DNA
from .symmetry.rep import Rep as Rep
from .symmetry.rep import REGULAR as REGULAR
from .symmetry.rep import SIGN as SIGN
from .symmetry.rep import TRIVIAL as TRIVIAL
from .symmetry.dna import one_hot as one_hot
from .symmetry.dna import reverse_complement as reverse_complement

# How reverse complement acts, and the law
from .symmetry.actions import channels_last as channels_last
from .symmetry.actions import tokens as tokens
from .symmetry.equivariance import assert_equivariant as assert_equivariant
from .symmetry.equivariance import equivariance_error as equivariance_error
from .symmetry.geometry import admissible_lengths as admissible_lengths

# Layers between Reps
from .nn.convolution import RCConv1d as RCConv1d
from .nn.layers import RCActivation as RCActivation
from .nn.batch_norm import RCBatchNorm1d as RCBatchNorm1d
from .nn.tied.dropout import RCDropout as RCDropout
from .nn.layers import RCSequential as RCSequential
from .nn.likelihood import SequenceLikelihood as SequenceLikelihood
from .nn.pooling import RCAvgPool1d as RCAvgPool1d
from .nn.pooling import RCMaxPool1d as RCMaxPool1d

# The family
from .family.architectures import build as build
from .family.description import summary as summary
from .family.embedding import embed as embed
from .family.embedding import change_merge as change_merge
from .family.embedding import fold_gain as fold_gain
from .family.embedding import same_function_class as same_function_class
from .export.fusion import fuse as fuse

# Any model conjoined, and its family
from .nn.conjoined import conjoin as conjoin
from .family.interpolation.member import interpolate as interpolate

# Checks of any model
from .conformance.suite import check as check
from .conformance.divergence import measure as measure
from .conformance.calls.inputs import Input as Input
from .conformance.cases import parametrize_with_checks as parametrize_with_checks

# Published models, their answers and the reasons
from .hub.published import list_models as list_models
from .hub.published import load as load
from .family.ensembles import ensemble as ensemble
from .inference.prediction import predict as predict
from .inference.variants import score_variants as score_variants
from .attribution.methods import attribute as attribute

# Training on a task
from .data.task import load_task as load_task
from .training.trainer import train as train
from .evaluation.agreement import agreement_loss as agreement_loss
from .evaluation.scoring import evaluate as evaluate

# Everything else, by concern
from . import symmetry as symmetry
from . import io as io
from . import nn as nn
from . import family as family
from . import export as export
from . import conformance as conformance
from . import testing as testing
from . import data as data
from . import hub as hub
from . import evaluation as evaluation
from . import inference as inference
from . import attribution as attribution
from . import training as training
