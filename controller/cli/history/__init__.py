"""The history of an account's training jobs as a file: one line of JSON for each job that ended.

A line is the answer of DescribeTrainingJob with the job's ``Tags`` beside it, so ``spotwarden check`` reads it, too.
"""
