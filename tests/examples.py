"""How many examples a property is tried with."""

from hypothesis import settings


def examples(quick: int) -> int:
    """``quick`` in the suite; in ``make nightly`` as many as the profile says, where that is more."""
    profile = settings.get_current_profile_name()
    return max(quick, settings.get_profile(profile).max_examples) if profile == "nightly" else quick
