"""``spotwarden check``: the policy's findings and SageMaker's own limits, for jobs in files; ``cli.documents`` reads the files.

Reading order: ``judging`` (the whole verdict of a job), ``request_model`` (would SageMaker accept it), ``fix_words`` (the fix in
the reader's tool), ``text_output``, ``command``.
"""
