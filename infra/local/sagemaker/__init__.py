"""A small SageMaker: training jobs on a virtual clock, in memory or served to boto3.

Reading order: ``settings`` (what AWS's pages leave open) and ``faults`` (what goes wrong, and how often), ``script`` and
``failures`` (what a job's container does), ``phase``, ``job``, ``timeline``, ``capacity``, ``spot_pool`` and ``checkpoints`` (the
parts), ``lifecycle`` (what happens to a job), ``request`` with ``shapes`` (which requests are refused), ``description``,
``listing`` and ``events`` (what is reported), ``world`` (the API over all of them), ``client`` and ``server`` (how to call it).
"""
