"""Commands on the whole ledger: write the table to a file, restore it from a file, and remove a person from it."""
