"""What the shell may count on, whatever keeps its memory: one suite, held against each implementation of a port."""
