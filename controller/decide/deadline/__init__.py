"""Deadlines: how much work is left (``outlook``), spot or on-demand (``choose_market``), the stop for it (``stop_to_move``)."""
