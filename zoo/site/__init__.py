"""What ``mkdocs build`` adds to ``docs/``: pages made from the code, the models and the results."""
