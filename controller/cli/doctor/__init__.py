"""``spotwarden doctor``: finds what is wrong with an installation. ``command`` runs the checks; each subject has a file."""
