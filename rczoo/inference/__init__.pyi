from .prediction import BothStrands as BothStrands
from .prediction import predict as predict
from .variants import score_variants as score_variants
