"""Many trainings, resumable."""
