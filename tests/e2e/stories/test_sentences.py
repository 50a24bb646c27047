"""Whatever a story's alerts say is true to its windows, and says no percentage of few; but for what was taken back."""

from collections.abc import Callable

import pytest

from tests.e2e.stories.cast import WORLDS, World
from tests.e2e.stories.stage import Told
from tests.e2e.truth.falsehoods import falsehoods
from tests.e2e.truth.sentences import untruths

pytestmark = pytest.mark.timeout(900)  # whichever comes first waits for the play


@pytest.mark.parametrize("name", ["town", "onboarding", "adoption", "source_stops"])
def test_every_sentence_is_true(told: Callable[[World], Told], name: str) -> None:
    was = told(WORLDS[name])
    alerts = [alert for alert in was.alerts if alert["state"] != "retracted"]
    assert {alert["sentence"]: found for alert in alerts if (found := untruths(was.record, alert))} == {}
    lies = [(alert, lie) for alert in alerts for _, lie in falsehoods(alert["kind"], alert["sentence"])]
    assert lies
    assert [lie for alert, lie in lies if not untruths(was.record, alert, lie)] == []
