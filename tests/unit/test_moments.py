"""Words for moments, in both languages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from ghconnect import moments

NOW = datetime(2026, 11, 24, 9, 12, 30, tzinfo=UTC)

AGO = [
    (timedelta(seconds=59), "just now", "1 分以内"),
    (timedelta(seconds=60), "1 minute ago", "1 分前"),
    (timedelta(minutes=59, seconds=59), "59 minutes ago", "59 分前"),
    (timedelta(hours=3), "3 hours ago", "3 時間前"),
    (timedelta(hours=24), "yesterday", "昨日"),
    (timedelta(hours=48), "2 days ago", "2 日前"),
    (timedelta(days=26), "26 days ago", "26 日前"),
    (timedelta(days=985), "14 Mar 2024", "2024年3月14日"),
    (-timedelta(seconds=30), "just now", "1 分以内"),
    (-timedelta(minutes=5), "in 5 minutes", "5 分後"),
    (-timedelta(hours=1), "in 1 hour", "1 時間後"),
    (-timedelta(days=6), "in 6 days", "6 日後"),
]


@pytest.mark.parametrize(("past", "english", "japanese"), AGO)
def test_how_long_ago(past: timedelta, english: str, japanese: str) -> None:
    with translation.override("en"):
        assert moments.ago(NOW - past, NOW) == english
    with translation.override("ja"):
        assert moments.ago(NOW - past, NOW) == japanese


def test_age_counts_hours_until_two_days_and_is_never_negative() -> None:
    assert moments.age(NOW - timedelta(hours=47), NOW) == "47 hours old"
    assert moments.age(NOW - timedelta(days=4), NOW) == "4 days old"
    assert moments.age(NOW + timedelta(hours=1), NOW) == "1 minute old"


def test_moments_are_shown_in_the_viewers_zone_and_language() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert moments.moment(NOW) == "24 Nov 2026, 18:12 JST"
        assert moments.short_moment(NOW) == "24 Nov 18:12 JST"
        assert moments.about(NOW) == "Tuesday about 18:12 JST"
        with translation.override("ja"):
            assert moments.moment(NOW) == "2026年11月24日 18:12 (JST)"
            assert moments.about(NOW) == "火曜日 18:12 (JST) 頃"
    assert moments.exact(NOW.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-11-24 09:12:30 UTC"
