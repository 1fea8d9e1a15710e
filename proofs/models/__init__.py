"""The layers and networks that theorems speak of, in symbols."""
