"""What a team books together: its plan, its segments, and what takes probability away."""
