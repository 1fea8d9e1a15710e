"""The examples are scripts: test_worked_examples.py runs them, and nothing is to be collected here."""

collect_ignore_glob = ["*.py"]
