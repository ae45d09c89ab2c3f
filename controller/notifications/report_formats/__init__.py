"""The formats of a report: one module each, with a pure function from a report to text."""
