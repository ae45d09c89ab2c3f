"""How a report looks: one module a format, each a pure function from a report to text."""
