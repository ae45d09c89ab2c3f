"""Gathers the facts of one job: ``gather`` reads all of them; the files beside it are its parts."""
