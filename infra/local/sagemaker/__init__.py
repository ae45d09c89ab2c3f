"""A small SageMaker: the life of training jobs on a virtual clock, in memory or served to boto3.

Read in this order: ``knobs`` (what nobody knows), ``script`` and ``failures`` (what a job would do), ``phase`` and ``job``,
``timeline``, ``capacity``, ``pool``, ``checkpoints`` and ``mishaps`` (what the machine works with), ``machine`` (what happens),
``request`` over ``shapes`` (what is refused), ``description``, ``listing`` and ``events`` (what is said), ``world`` (all of them
under the API's verbs), ``client`` and ``server`` (two doors into a world).
"""
