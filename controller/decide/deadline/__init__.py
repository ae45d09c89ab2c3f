"""Deadlines: how much work is left (``outlook``), the choice (``spot_or_on_demand``), and the stop for it (``stop_to_move``)."""
