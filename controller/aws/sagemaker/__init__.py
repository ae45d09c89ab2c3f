"""SageMaker's training jobs: describe, create, stop and list them; read their documents; rebuild a request.

What a job means is in ``controller.jobs``; the contract is in ``controller.runtime.ports.all_ports``.
"""
