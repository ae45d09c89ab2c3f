"""Attacks by people with few rights, through the real handlers on the embedded AWS."""
