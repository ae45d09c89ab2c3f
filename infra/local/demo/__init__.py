"""The demo: some days of simulated training jobs through the real handlers.

Reading order: ``scenario`` (the jobs), ``world`` (what users do, and when), ``run`` (the days), ``proof`` and ``figures`` (the
results), ``live`` and ``screen`` (what is printed), ``keep_running`` (the embedded AWS after the demo).
"""
