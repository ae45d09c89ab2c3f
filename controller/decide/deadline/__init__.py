"""Deadlines: how much work is left (``outlook``), when a job must leave spot (``rule``), and the move itself (``move``)."""
