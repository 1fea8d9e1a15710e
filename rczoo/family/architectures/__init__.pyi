from .building import ARCHITECTURES as ARCHITECTURES
from .building import build as build
from .building import is_cropped as is_cropped
from .building import rebuild as rebuild
from .catalogue import DESIGNS as DESIGNS
from .catalogue import Design as Design
from .points import NAMED_POINTS as NAMED_POINTS
from .points import resolve_mixing as resolve_mixing
