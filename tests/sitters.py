"""A profile of somebody of whom hardly anything is known, for tests that add what they need."""

from datetime import UTC, datetime

from limner.profiles.record import CustomerValue, Identity, Lifecycle, Profile, Rhythm, Score

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def a_profile(*predictions, **more):
    scores = [Score(unit) for unit in ("days", "orders", "USD")]
    return Profile(
        "ann",
        NOW,
        NOW,
        Identity(NOW, NOW),
        Lifecycle("active", "LOYAL", *scores),
        Rhythm("orders", "UTC", (), ()),
        CustomerValue(),
        predictions=predictions,
        **more,
    )
