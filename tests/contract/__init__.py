"""What the runtime may rely on, whatever the storage: one suite for all implementations of a port."""
