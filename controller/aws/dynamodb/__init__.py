"""The ledger and the outbox in one DynamoDB table: the codec of its items, its transactions and its indexes.

The types that are stored are in ``controller.ledger``; the ports are in ``controller.runtime.ports``.
"""
