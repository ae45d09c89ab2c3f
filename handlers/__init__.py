"""Chalice blueprints: unpack the event, ring, return. No ``if`` about jobs stands here."""
