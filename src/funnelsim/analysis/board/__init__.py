"""All that a board asks of a plan, asked at once."""
