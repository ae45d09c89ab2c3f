"""Settings that all tests share: four profiles of hypothesis.

Plain pytest uses ``local``: new random examples in each run, and failures are remembered in ``.hypothesis``. ``make test``
and ``.ci/run`` use ``ci``: the same examples in each run. ``make check`` uses ``quick``: fewer of them. All print what repeats a
failure. ``make nightly`` uses ``nightly``: many more examples, and every case where the suite tries a sample.
"""

from hypothesis import HealthCheck, settings

# The deadline of hypothesis is off: on a busy machine a slow example says nothing about the code.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None, max_examples=40)
settings.register_profile("quick", settings.get_profile("ci"), max_examples=10)
settings.register_profile("nightly", settings.get_profile("local"), max_examples=2_000)
settings.load_profile("local")
