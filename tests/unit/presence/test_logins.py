"""Who is logged in, and for how long after."""

from __future__ import annotations

from engine.presence.logins import Logins


def test_first_socket_logs_in_and_the_second_changes_nothing() -> None:
    logins = Logins(grace_s=15, activity_s=90)
    assert logins.connected("anna")
    assert not logins.connected("anna")
    assert logins.is_in("anna")


def test_page_that_reloads_does_not_flicker() -> None:
    logins = Logins(grace_s=15, activity_s=90)
    logins.connected("anna")
    logins.disconnected("anna", now=100)
    assert logins.is_in("anna")
    assert logins.tick(now=114) == []
    assert not logins.connected("anna")
    assert logins.tick(now=116) == []
    assert logins.is_in("anna")


def test_who_stays_away_is_out_after_the_grace_period() -> None:
    logins = Logins(grace_s=15, activity_s=90)
    logins.connected("anna")
    logins.connected("anna")
    logins.disconnected("anna", now=100)
    assert logins.tick(now=200) == []
    logins.disconnected("anna", now=200)
    assert logins.tick(now=214) == []
    assert logins.tick(now=215) == ["anna"]
    assert not logins.is_in("anna")
    assert logins.tick(now=216) == []


def test_requests_keep_somebody_without_a_socket() -> None:
    logins = Logins(grace_s=15, activity_s=90)
    assert logins.active("anna", now=0)
    assert not logins.active("anna", now=60)
    assert logins.tick(now=100) == []
    assert logins.tick(now=150) == ["anna"]


def test_who_closes_the_page_is_out_soon_whatever_it_asked_before() -> None:
    logins = Logins(grace_s=15, activity_s=90)
    logins.active("anna", now=0)
    logins.connected("anna")
    logins.disconnected("anna", now=1)
    assert logins.tick(now=15) == []
    assert logins.tick(now=16) == ["anna"]
