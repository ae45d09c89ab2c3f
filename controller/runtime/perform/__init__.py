"""Performs intents: ``perform`` makes the call; the files beside it decide whether and when it may be made."""
