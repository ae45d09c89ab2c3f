"""The contracts of the ports, on which the runtime relies: one suite of tests for all implementations of a port."""
