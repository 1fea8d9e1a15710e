"""Why a model fails: hypotheses, each verified by mending the model."""
