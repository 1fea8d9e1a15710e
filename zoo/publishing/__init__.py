"""Published models: cards, publishing, verifying, pruning."""
