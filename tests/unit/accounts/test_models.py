"""The order of scopes."""

from __future__ import annotations

from engine.accounts.models import Scope


def test_scopes_are_ordered_by_reach_and_not_by_spelling() -> None:
    expected = [Scope.BASIC_USER, Scope.OFFICE_MANAGER, Scope.RESELLER, Scope.SUPER_USER]
    assert sorted({*expected}) == expected
    assert [scope.system_wide for scope in expected] == [False, False, True, True]
