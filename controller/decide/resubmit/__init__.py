"""The next attempt: whether (``resubmit``), when (``retry_backoff``), where (``fallback``), and its Submit (``submission``)."""
