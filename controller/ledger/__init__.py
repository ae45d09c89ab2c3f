"""What is remembered: entries (what happened), intents (what is to be done), lineages, market signals, the halt.

It contains these types and their rules, no DynamoDB. ``controller.aws.dynamodb`` stores them; ``controller.runtime`` decides
when.
"""
