"""Messages as the ledger stores them: facts without markup. ``message`` lists them all, ``kind`` their stored kinds.

``controller.notifications.messages`` makes their text.
"""
