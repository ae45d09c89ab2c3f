"""``spotwarden doctor``: what is wrong with an installation. ``command`` runs the checks; there is one file per subject."""
