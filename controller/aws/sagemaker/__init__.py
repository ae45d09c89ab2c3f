"""SageMaker's training jobs: describe, create, stop and list them; read their documents; rebuild a request.

What a job means is in ``controller.jobs``; the port is in ``controller.runtime.ports.aws``.
"""
