"""``spotwarden backtest policies``: what a policy folder would have done to recorded jobs.

Reading order: ``judge_recorded_job`` (one job), ``totals`` (their sum), ``output`` (what is printed), ``command``.
"""
