"""Studies beside the sweep: of other libraries, of schedules, and of the family of any network."""
