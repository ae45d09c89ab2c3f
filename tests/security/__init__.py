"""Attacks: what somebody with few rights tries, through the real handlers on the embedded AWS."""
