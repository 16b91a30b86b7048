"""The report: one self-contained HTML file for whoever decides about a plan."""
