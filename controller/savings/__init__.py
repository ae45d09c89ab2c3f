"""What training cost, saved and lost: progress, the arithmetic, prices, roll-ups, reports, audit, interruption rates, advice.

It knows jobs and ledger entries. How a report looks is in ``controller.notifications.report_formats``; fetching prices is in
``controller.aws``.
"""
