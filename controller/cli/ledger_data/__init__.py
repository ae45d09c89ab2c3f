"""The ledger as data: a table in a file, a file in a table, and a person taken out of it."""
