"""Property tests here run the same on a busy machine as on an idle one: no deadline, few examples, fixed seeds."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gateway", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gateway")
