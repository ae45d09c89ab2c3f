"""What is remembered: entries (what happened), intents (what is to be done), lineages, market signals, the halt.

It knows types and their laws, no DynamoDB. Storing them is in ``controller.aws.dynamodb``; when they are written is in
``controller.runtime``.
"""
