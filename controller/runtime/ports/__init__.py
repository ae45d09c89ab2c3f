"""The ports of the runtime: protocols for what lies outside, one file per user. ``all_ports`` lists them all."""
