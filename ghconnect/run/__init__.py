"""What stands behind `make run`: the console and its sandbox on one machine, ended together."""
