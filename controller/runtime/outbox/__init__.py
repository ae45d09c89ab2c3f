"""Sends what waits in the outbox: ``drain`` sends to each channel, ``batches`` decides what is sent together, in which order."""
