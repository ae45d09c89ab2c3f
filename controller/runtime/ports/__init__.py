"""The ports of the runtime: protocols for what lies outside, one file per user. ``world`` lists them all."""
