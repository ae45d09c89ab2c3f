"""The input of commands: names of jobs, periods, pasted failures, policies, files in S3, and shared options."""
