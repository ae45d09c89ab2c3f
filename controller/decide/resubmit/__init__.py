"""The next attempt: whether (``resubmit``), when (``retries``) and where (``fallback``) it runs; its Submit (``submission``)."""
