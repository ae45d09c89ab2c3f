"""What is remembered: entries (what happened), intents (what is to be done), lineages, market signals, the halt.

It contains types and their laws, no DynamoDB. Storing them is in ``controller.aws.dynamodb``; ``controller.runtime`` decides
when.
"""
