"""Settings that all tests share."""

from hypothesis import HealthCheck, settings

# A shared runner is slow now and then: that is no property of the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
