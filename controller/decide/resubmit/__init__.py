"""The next attempt: whether (``resubmit``), when (``retries``), where (``fallback``), and its Submit (``submission``)."""
