"""A recipient's status is decided by its segments, a message's by its recipients."""

from __future__ import annotations

import itertools

import pytest

from engine.messaging.models import RecipientStatus as R
from engine.messaging.models import SegmentStatus as S
from engine.messaging.rollup import advances, message_status, recipient_status


@pytest.mark.parametrize(
    ("segments", "status"),
    [
        ((S.QUEUED,), R.QUEUED),
        ((S.QUEUED, S.SENT), R.SENDING),
        ((S.SENDING, S.DELIVERED), R.SENDING),
        ((S.SENT, S.DELIVERED), R.SENT),
        ((S.DELIVERED, S.DELIVERED), R.DELIVERED),
        ((S.DELIVERED, S.UNDELIVERED), R.PARTIALLY_DELIVERED),
        ((S.DELIVERED, S.UNCONFIRMED), R.PARTIALLY_DELIVERED),
        ((S.UNDELIVERED, S.UNCONFIRMED), R.UNDELIVERED),
        ((S.FAILED, S.EXPIRED), R.FAILED),
        ((S.EXPIRED, S.EXPIRED), R.EXPIRED),
        ((S.UNCONFIRMED,), R.UNCONFIRMED),
        ((S.UNCERTAIN, S.DELIVERED), R.UNCERTAIN),
    ],
)
def test_segments_decide_the_recipient(segments: tuple[S, ...], status: R) -> None:
    assert recipient_status(segments) is status


def test_every_mixture_of_segments_has_a_status_that_order_does_not_change() -> None:
    for mixture in itertools.combinations_with_replacement(S, 3):
        assert recipient_status(mixture) is recipient_status(tuple(reversed(mixture)))


def test_a_later_good_segment_never_hides_a_bad_one() -> None:
    assert recipient_status((S.UNDELIVERED, S.DELIVERED)) is not R.DELIVERED
    assert recipient_status((S.FAILED, S.SENT, S.DELIVERED)) is R.SENT


@pytest.mark.parametrize("final", [S.DELIVERED, S.UNDELIVERED, S.FAILED, S.EXPIRED])
@pytest.mark.parametrize("news", list(S))
def test_final_is_final(final: S, news: S) -> None:
    assert not advances(final, news)


def test_late_news_settles_what_was_open() -> None:
    assert advances(S.UNCONFIRMED, S.DELIVERED)
    assert advances(S.UNCERTAIN, S.SENT)
    assert not advances(S.SENT, S.SENDING)


@pytest.mark.parametrize(
    ("recipients", "status"),
    [
        ((R.DELIVERED, R.DELIVERED), R.DELIVERED),
        ((R.DELIVERED, R.SENT), R.SENT),
        ((R.DELIVERED, R.FAILED), R.PARTIALLY_DELIVERED),
        ((R.FAILED, R.UNDELIVERED), R.UNDELIVERED),
        ((R.UNCERTAIN, R.DELIVERED), R.UNCERTAIN),
        ((R.REJECTED, R.REJECTED), R.REJECTED),
    ],
)
def test_recipients_decide_the_message(recipients: tuple[R, ...], status: R) -> None:
    assert message_status(recipients) is status
