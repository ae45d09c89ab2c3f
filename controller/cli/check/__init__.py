"""``spotwarden check``: checks jobs in files against a policy and SageMaker's own limits; ``cli.documents`` reads the files.

Reading order: ``judging`` (the whole verdict of a job), ``request_model`` (whether SageMaker would accept it), ``fix_words``
(the fix in the terms of the reader's tool), ``text_output``, ``command``.
"""
