"""What the package computes for the quantities that theorems speak of, beside loops and tables of our own."""
