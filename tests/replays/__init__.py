"""Public reports of what goes wrong with training jobs, replayed against the real handlers on the embedded AWS."""
