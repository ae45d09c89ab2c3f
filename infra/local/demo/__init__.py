"""A simulated week of training jobs through the real controller, which proves itself from the world's side."""
