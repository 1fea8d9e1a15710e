"""Studies of other libraries."""
