"""What the user states: objects, files, presets, and everything that can be wrong with them."""
