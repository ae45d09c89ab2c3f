"""Gathering the facts of one job: ``gather`` asks for all of them; the files beside it are its parts."""
