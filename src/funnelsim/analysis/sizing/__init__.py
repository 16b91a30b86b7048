"""How many reps a plan takes, how much cushion, and which step helps most."""
