"""The real package under kill -9: ``python -m tests.chaos`` runs the demo with it and counts what must never happen.

``container`` starts the package as Lambda does, ``gate`` counts its calls and can lose one, ``kills`` says when a process dies.
"""
