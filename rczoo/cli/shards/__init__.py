"""``rczoo shards``: a command, and the Snakefile that it runs."""
