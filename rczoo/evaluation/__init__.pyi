from .baselines import baseline_rows as baseline_rows
from .losses import binary_cross_entropy as binary_cross_entropy
from .losses import log_count_error as log_count_error
from .losses import loss_of as loss_of
from .losses import multinomial_nll as multinomial_nll
from .metrics import label_metrics as label_metrics
from .metrics import profile_metrics as profile_metrics
from .scoring import evaluate as evaluate
