"""Performing an intent: ``perform`` makes the call; the files beside it say before whether and when it may be made."""
