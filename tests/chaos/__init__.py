"""Kills the processes of the real package: ``python -m tests.chaos`` runs the demo with it, and counts what must never happen.

``container`` starts the package as Lambda does. ``gate`` counts its calls and can kill its process at one of them. ``kills``
draws when a process is killed.
"""
