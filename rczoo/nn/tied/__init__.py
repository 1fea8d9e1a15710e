"""Tied layers: a kernel's law, and what peers have beside the convolution, each between two Reps."""
