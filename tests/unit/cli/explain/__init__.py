"""``spotwarden explain``."""
