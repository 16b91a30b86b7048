"""How much of making quota is luck, and what KPIs do about it."""
