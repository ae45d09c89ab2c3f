"""The history of an account's training jobs as a file: one line of JSON for each job that has ended.

A line is the answer of DescribeTrainingJob with the job's ``Tags`` added, so ``spotwarden check`` can read it too.
"""
