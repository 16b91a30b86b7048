"""Results outside the program: files to go on working with, JSON and CSV for others."""
