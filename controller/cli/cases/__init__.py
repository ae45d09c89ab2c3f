"""``spotwarden test``: runs the cases beside the policies.

Reading order: ``jobs`` and ``attempts`` build what a case describes, ``run_cases`` judges it, ``command`` and ``junit`` print.
"""
