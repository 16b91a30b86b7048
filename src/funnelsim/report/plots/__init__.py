"""Pictures: Dataset in, Axes or Figure out. Nothing is shown or saved here.

Every title is the message, computed from the data, and what is drawn carries its own label.
"""
