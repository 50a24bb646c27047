"""What a silence fits, and which alert says already what another one would."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertKind, AlertState
from schemas.errors import DefinitionError
from schemas.lives import AlertRecord
from schemas.silences import NAMES, Matcher, about, check, inhibits, matches, parse, written

NOW = datetime(2026, 3, 9, tzinfo=UTC)


def alert(kind, account=1, segment=None, behavior=None, fired=NOW, episode="one"):
    evidence = {"segment": "arr:10k-50k"}
    more = {"account": account, "segment": segment, "behavior": behavior, "evidence": evidence, "episode": episode}
    return AlertRecord(kind=kind, fingerprint="f", origin="live", onset=fired, fired_at=fired, sentence="",
                       condition=AlertState.FIRING, **more)  # fmt: skip


FITS = {
    'kind="account.silent"': True,
    'kind="behavior.dropped"': False,
    'segment="plan:pro"': True,
    'segment="arr:10k-50k"': True,
    'segment!="plan:pro"': False,
    'kind=~"account[.].*", csm="ada"': True,
    'kind=~"account"': False,
    'csm!~"kim|lee"': True,
    'behavior=""': True,
    'account="acme", csm="kim"': False,
}


@pytest.mark.parametrize(("said", "fits"), FITS.items(), ids=FITS)
def test_matchers(said, fits):
    of = about(alert(AlertKind.ACCOUNT_SILENT), "acme", {"plan": "pro", "csm": "ada"})
    assert matches(parse(said), of) == fits


@pytest.mark.parametrize(
    "said", ['csm!="ada"', 'csm=~"(a+)+"', r'csm=~"(a)\1"', 'csm=~".*.*.*.*x"', 'csm=~"("', 'csm=""']
)
def test_what_could_silence_everything_or_run_away_is_refused(said):
    with pytest.raises(DefinitionError):
        check(parse(said))


@pytest.mark.parametrize("said", ["csm=ada", 'user="x"', 'csm="a" kind="b" x', 'csm="a'])
def test_what_is_no_matcher_is_refused(said):
    with pytest.raises(DefinitionError, match="Write matchers as"):
        parse(said)


@given(st.lists(st.builds(Matcher, st.sampled_from(NAMES), st.sampled_from(["=", "!=", "=~", "!~"]), st.text())))
def test_what_is_written_is_read_back(matchers):
    assert parse(written(matchers)) == matchers


def test_a_segment_covers_its_members_for_two_weeks():
    segment = alert(AlertKind.SEGMENT_DROPPED, None, "arr:10k-50k", episode="segment")
    member, other = alert(AlertKind.BEHAVIOR_DROPPED), alert(AlertKind.BEHAVIOR_DROPPED, segment="x")
    assert inhibits(segment, member, NOW + timedelta(days=13))
    assert not inhibits(segment, member, NOW + timedelta(days=14))
    assert not inhibits(alert(AlertKind.SEGMENT_DROPPED, None, "plan:pro", episode="s"), other, NOW)
    assert inhibits(alert(AlertKind.SEGMENT_DROPPED, None, "everyone", episode="s"), other, NOW)


def test_a_quiet_source_covers_what_it_feeds():
    quiet = alert(AlertKind.INGEST_QUIET, None, "everyone", "*", episode="q")
    one = alert(AlertKind.INGEST_QUIET, None, "everyone", "report", episode="r")
    assert inhibits(quiet, alert(AlertKind.SEGMENT_DROPPED, None, "plan:pro"), NOW)
    assert inhibits(one, alert(AlertKind.BEHAVIOR_DROPPED, behavior="report"), NOW)
    assert not inhibits(one, alert(AlertKind.BEHAVIOR_DROPPED, behavior="export"), NOW)
    assert not inhibits(quiet, one, NOW)


def test_a_silent_account_covers_its_behaviors_and_nobody_elses():
    silent = alert(AlertKind.ACCOUNT_SILENT, episode="silent")
    assert inhibits(silent, alert(AlertKind.BEHAVIOR_DROPPED), NOW)
    assert not inhibits(silent, alert(AlertKind.BEHAVIOR_DROPPED, account=2), NOW)
    assert not inhibits(silent, silent, NOW)
    assert not inhibits(alert(AlertKind.BEHAVIOR_DROPPED), silent, NOW)
