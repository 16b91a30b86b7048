"""How it looks over the whole range."""
