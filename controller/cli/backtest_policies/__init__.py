"""``spotwarden backtest policies``: computes what a policy folder would have done to recorded jobs.

Reading order: ``judge_recorded_job`` (one job), ``totals`` (sums over jobs), ``output`` (what is printed), ``command``.
"""
