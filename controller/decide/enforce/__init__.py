"""Enforcing rules: the stop or the warning (``enforce``), the mode in force (``roll_out``), and repairs (``repair_…``)."""
