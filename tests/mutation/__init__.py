"""Mutation testing of the packages that compute only: does a test fail when a line is wrong?

Read in this order: ``mutants`` (every small change that mutmut's operators can make to a file), ``coverage_by_test`` (which test
runs which line), ``runner`` (one forked process for each mutant), ``explained`` (survivors that no test can tell from the
original), ``__main__`` (the sample, the table and the score). ``python -m tests.mutation --sample 400`` (``make mutants``).
"""
