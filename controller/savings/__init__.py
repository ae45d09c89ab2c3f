"""What training cost, saved and lost: progress, the arithmetic, prices, roll-ups, reports, audit, interruption rates, advice.

It reads jobs and ledger entries. ``controller.notifications.report_formats`` formats reports; ``controller.aws`` fetches prices.
"""
