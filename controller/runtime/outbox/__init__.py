"""Sending what waits in the outbox: ``drain`` sends to each channel, ``batches`` says what goes together and in which order."""
