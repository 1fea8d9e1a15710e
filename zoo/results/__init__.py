"""From rows of numbers to tables, figures and sentences."""
