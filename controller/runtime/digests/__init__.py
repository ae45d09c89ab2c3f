"""Digests: days that are over are rolled up (``close_days``), and a digest is queued at its hour (``queue_digests``)."""
