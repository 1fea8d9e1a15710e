"""What turns the files of each kind of source into examples."""
