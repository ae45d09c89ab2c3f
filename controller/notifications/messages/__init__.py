"""The text of each message: ``catalogue`` has a row for each kind; its functions are beside it, one file per subject."""
