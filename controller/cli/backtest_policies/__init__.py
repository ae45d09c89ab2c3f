"""``spotwarden backtest policies``: what a policy folder would have done to recorded jobs.

Reading order: ``judge_recorded_job`` says it of one job, ``totals`` adds up, ``output`` prints, ``command`` reads the command line.
"""
