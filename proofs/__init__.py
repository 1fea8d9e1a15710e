"""The theorems behind rczoo, one per file: ``python -m proofs`` checks all, ``python -m proofs t04`` one."""
