"""The next attempt: whether (``resubmit``, ``retry_budget``), when (``retry_backoff``), where (``fallback``), how (``submission``)."""
