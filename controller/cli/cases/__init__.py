"""``spotwarden test``: runs the cases beside the policies.

Reading order: ``jobs`` and ``attempts`` build a case's job and lineage, ``run_cases`` judges it, ``command`` and ``junit`` print.
"""
