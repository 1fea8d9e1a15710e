"""Calling a model under test: its inputs, its outputs, what it remembers, and how many calls there may be."""
