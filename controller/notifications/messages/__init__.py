"""The text of each kind of message. ``catalogue`` has a row for each kind; the functions are in one file for each topic."""
