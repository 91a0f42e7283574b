"""Remembered principals: never longer than promised, never from before a revocation."""

from __future__ import annotations

from dataclasses import replace

from engine.accounts.models import Principal, Scope
from engine.accounts.recent import MAX_REMEMBERED, REMEMBERED_S, RecentPrincipals

ANN = Principal("key", "key_ann", None, None, Scope.SUPER_USER)


def test_an_answer_is_remembered_from_the_moment_it_was_asked_for() -> None:
    recent = RecentPrincipals()
    recent.remember("digest", ANN, asked_at=100.0, generation=recent.generation)
    assert recent.find("digest", now=100.0 + REMEMBERED_S - 0.001) is ANN
    assert recent.find("digest", now=100.0 + REMEMBERED_S) is None
    assert recent.find("digest", now=100.0) is None  # and it does not come back


def test_an_answer_read_before_a_revocation_is_not_remembered_after_it() -> None:
    recent = RecentPrincipals()
    asked_in = recent.generation
    recent.forget()  # a key was revoked while the query was on its way
    recent.remember("digest", ANN, asked_at=100.0, generation=asked_in)
    assert recent.find("digest", now=100.0) is None


def test_forgetting_forgets_everybody() -> None:
    recent = RecentPrincipals()
    recent.remember("digest", ANN, asked_at=100.0, generation=recent.generation)
    recent.forget()
    assert recent.find("digest", now=100.0) is None


def test_the_memory_is_bounded_and_loses_the_oldest() -> None:
    recent = RecentPrincipals()
    for n in range(MAX_REMEMBERED + 1):
        recent.remember(str(n), ANN, asked_at=100.0, generation=recent.generation)
    assert recent.find("0", now=100.0) is None
    assert recent.find("1", now=100.0) is ANN
    assert recent.find(str(MAX_REMEMBERED), now=100.0) is ANN


def test_what_was_asked_about_again_is_remembered_for_longer() -> None:
    recent = RecentPrincipals()
    recent.remember("digest", ANN, asked_at=100.0, generation=recent.generation)
    recent.confirm(ANN, asked_at=103.0, generation=recent.generation)
    assert recent.find("digest", now=103.0 + REMEMBERED_S - 0.001) is ANN
    assert recent.find("digest", now=103.0 + REMEMBERED_S) is None
    recent.confirm(ANN, asked_at=110.0, generation=recent.generation)
    assert recent.find("digest", now=110.0) is None


def test_a_confirmation_from_before_a_revocation_brings_nobody_back() -> None:
    recent = RecentPrincipals()
    recent.remember("digest", ANN, asked_at=100.0, generation=recent.generation)
    asked_in = recent.generation
    recent.forget()
    recent.confirm(ANN, asked_at=101.0, generation=asked_in)
    assert recent.find("digest", now=101.0) is None


def test_a_confirmation_of_somebody_else_confirms_nobody() -> None:
    recent = RecentPrincipals()
    recent.remember("digest", ANN, asked_at=100.0, generation=recent.generation)
    recent.confirm(replace(ANN, scope=Scope.OFFICE_MANAGER), asked_at=103.0, generation=recent.generation)
    assert recent.find("digest", now=100.0 + REMEMBERED_S) is None
