"""Any network's family: its layers receive a share of the other strand's features."""
