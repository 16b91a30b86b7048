"""Which lever matters most, and what makes up a difference."""
