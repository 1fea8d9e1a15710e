"""Answers of the definitions that Coq extracts, and the comparison of the package with them."""
