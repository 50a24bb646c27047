"""How long a receiver that is away is waited for."""

from streams.settings import WorkerSettings
from streams.webhooks import retry_in

DAY = 86_400


def test_the_usual_attempts_take_about_three_days() -> None:
    most: int = WorkerSettings.model_fields["webhooks_attempts"].default
    pauses = [retry_in(attempts, most) for attempts in range(1, most)]
    assert 2.2 * DAY < sum(pause for pause in pauses if pause) < 3.4 * DAY
    assert retry_in(most, most) is None
