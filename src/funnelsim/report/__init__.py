"""What people see, and what other programs read."""
