"""What accounts refuse, each with the code the API and the portal know it by.

A sentence never holds the value it refuses: it may be somebody else's, or a secret.
"""

from __future__ import annotations

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthenticated

#: One sentence for every failed credential, so that guessing teaches nothing. The code, which
#: only a holder of the true secret gets to see differ, tells operators why.
CREDENTIAL_REFUSED = "The credential is not accepted. Ask your administrator for a new one."


def credential_unknown() -> Unauthenticated:
    return Unauthenticated(CREDENTIAL_REFUSED, code="credential_unknown")


def credential_expired() -> Unauthenticated:
    return Unauthenticated(CREDENTIAL_REFUSED, code="credential_expired")


def credential_revoked() -> Unauthenticated:
    return Unauthenticated(CREDENTIAL_REFUSED, code="credential_revoked")


def login_failed() -> Unauthenticated:
    """The same for a wrong name, a wrong password, and an account that may not log in."""
    return Unauthenticated("The name or the password is wrong.", code="login_failed")


def password_refused(field: str, sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, code="password_refused", field=f"/{field}")


def no_user() -> InvalidRequest:
    return InvalidRequest("This belongs to one user. Ask with that user's own credential.", code="no_user")


def not_found(noun: str) -> NotFound:
    """The same for a missing thing and for another tenant's."""
    return NotFound(f"There is no such {noun}.")


def scope_too_low(needed: str) -> Forbidden:
    return Forbidden(f"This needs the scope {needed} or a higher one.", code="scope_too_low")


def invalid(field: str, sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, field=f"/{field}")


def taken(field: str, sentence: str) -> Conflict:
    return Conflict(sentence, code="already_exists", field=f"/{field}")


def in_use(sentence: str) -> Conflict:
    return Conflict(sentence, code="in_use")
