"""Whether one plan is better than another, and by how much."""
