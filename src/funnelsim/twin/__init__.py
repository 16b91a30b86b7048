"""The exact twin: what the simulator estimates, computed without randomness."""
