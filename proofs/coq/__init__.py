"""The theorems in Coq, for all sizes, and the definitions that the package is compared with."""
