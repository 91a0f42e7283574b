"""Rows of the account tables as records, and back: flags are 0 or 1 there, scopes stand by value."""

from __future__ import annotations

import dataclasses
from typing import Any

import sqlalchemy as sa

from engine.accounts.models import Credential, Device, Domain, Number, Password, Scope, Session, User

Row = sa.Row[Any]


def read_domain(row: Row) -> Domain:
    return Domain(
        id=row.id,
        name=row.name,
        reseller_id=row.reseller_id,
        region=row.region,
        pbx=row.pbx,
        dial_context=row.dial_context,
        sms_enabled=bool(row.sms_enabled),
        created_ms=row.created_ms,
        realm=row.realm,
    )


def domain_row(domain: Domain) -> dict[str, object]:
    return {
        "id": domain.id,
        "name": domain.name,
        "reseller_id": domain.reseller_id,
        "region": domain.region,
        "pbx": domain.pbx,
        "dial_context": domain.dial_context,
        "sms_enabled": int(domain.sms_enabled),
        "realm": domain.realm,
        "created_ms": domain.created_ms,
    }


def read_user(row: Row) -> User:
    return User(
        id=row.id,
        domain_id=row.domain_id,
        extension=row.extension,
        display_name=row.display_name,
        sms_enabled=bool(row.sms_enabled),
        created_ms=row.created_ms,
        enabled=bool(row.enabled),
        login=row.login,
        role=Scope(row.role),
        email=row.email,
    )


def user_row(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "domain_id": user.domain_id,
        "extension": user.extension,
        "display_name": user.display_name,
        "sms_enabled": int(user.sms_enabled),
        "enabled": int(user.enabled),
        "login": user.login,
        "role": user.role.value,
        "email": user.email,
        "created_ms": user.created_ms,
    }


def read_device(row: Row) -> Device:
    return Device(
        id=row.id,
        domain_id=row.domain_id,
        user_id=row.user_id,
        pbx=row.pbx,
        endpoint=row.endpoint,
        label=row.label,
        is_default=bool(row.is_default),
        created_ms=row.created_ms,
    )


def device_row(device: Device) -> dict[str, object]:
    return {
        "id": device.id,
        "domain_id": device.domain_id,
        "user_id": device.user_id,
        "pbx": device.pbx,
        "endpoint": device.endpoint,
        "label": device.label,
        "is_default": int(device.is_default),
        "created_ms": device.created_ms,
    }


def number_row(number: Number) -> dict[str, object]:
    return {
        "id": number.id,
        "domain_id": number.domain_id,
        "e164": number.e164,
        "sms_enabled": int(number.sms_enabled),
        "carrier": number.carrier,
        "created_ms": number.created_ms,
    }


def read_credential(row: Row) -> Credential:
    return Credential(
        id=row.id,
        kind=row.kind,
        domain_id=row.domain_id,
        user_id=row.user_id,
        reseller_id=row.reseller_id,
        scope=Scope(row.scope),
        label=row.label,
        issued_by=row.issued_by,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
    )


def read_proof(row: Row) -> Credential:
    """A credential joined to its user and, for a session, to that; see `Credential.scope`."""
    credential = read_credential(row)
    if credential.kind != "session":
        return credential
    return dataclasses.replace(credential, scope=Scope(row.role), last_seen_ms=row.last_seen_ms)


def read_password(row: Row) -> Password:
    return Password(
        user_id=row.user_id,
        hash=row.hash,
        temporary=bool(row.temporary),
        changed_ms=row.changed_ms,
        expires_ms=row.expires_ms,
    )


def password_row(password: Password) -> dict[str, object]:
    return {
        "user_id": password.user_id,
        "hash": password.hash,
        "temporary": int(password.temporary),
        "changed_ms": password.changed_ms,
        "expires_ms": password.expires_ms,
    }


def read_session(row: Row) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        domain_id=row.domain_id,
        user_agent=row.user_agent,
        address=row.address,
        created_ms=row.created_ms,
        last_seen_ms=row.last_seen_ms,
        expires_ms=row.expires_ms,
    )


def credential_row(credential: Credential, digest: str) -> dict[str, object]:
    return {
        "id": credential.id,
        "kind": credential.kind,
        "digest": digest,
        "domain_id": credential.domain_id,
        "user_id": credential.user_id,
        "reseller_id": credential.reseller_id,
        "scope": credential.scope.value,
        "label": credential.label,
        "issued_by": credential.issued_by,
        "created_ms": credential.created_ms,
        "expires_ms": credential.expires_ms,
        "revoked_ms": credential.revoked_ms,
    }
