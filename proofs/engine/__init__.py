"""Claims, and the rewriting that decides them."""
