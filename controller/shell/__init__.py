"""Says what it will do, then does it: gather, decide, commit, perform, close."""
