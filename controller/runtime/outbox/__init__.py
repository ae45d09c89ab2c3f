"""Sending what waits in the outbox: ``drain`` is the whole of it, ``batches`` says what is sent in which order."""
