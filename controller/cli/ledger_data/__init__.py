"""The ledger as data: a table in a file, a file in a table, and the removal of a person from it."""
