"""Who may do what: the one table from scope to permission.

A permission opens a route; which rows behind it a caller reaches (its own, its domain's, its
reseller's) is decided by the services, which know the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from engine.accounts.models import Scope


class Permission(StrEnum):
    """What a route lets its caller do."""

    PUBLIC = "public"  # no credential is asked for
    READ_DOMAINS = "read_domains"
    CREATE_DOMAINS = "create_domains"
    CHANGE_DOMAINS = "change_domains"
    CHANGE_DOMAIN_SETTINGS = "change_domain_settings"
    READ_USERS = "read_users"
    CHANGE_USERS = "change_users"
    RESET_PASSWORDS = "reset_passwords"
    OWN_ACCOUNT = "own_account"  # one's own password, sessions and settings
    READ_DEVICES = "read_devices"
    CREATE_DEVICES = "create_devices"
    CHANGE_DEVICES = "change_devices"  # a basic user names its own and chooses the default
    DELETE_DEVICES = "delete_devices"
    READ_NUMBERS = "read_numbers"
    CREATE_NUMBERS = "create_numbers"
    CHANGE_NUMBERS = "change_numbers"
    DELETE_NUMBERS = "delete_numbers"
    MANAGE_KEYS = "manage_keys"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MINT_TOKENS = "mint_tokens"
    PLACE_CALLS = "place_calls"
    READ_CALLS = "read_calls"
    SEND_MESSAGES = "send_messages"
    READ_MESSAGES = "read_messages"
    CHANGE_CONSENTS = "change_consents"
    BLOCK_SENDERS = "block_senders"
    READ_CONVERSATIONS = "read_conversations"
    READ_CONTACTS = "read_contacts"
    CHANGE_CONTACTS = "change_contacts"  # shared ones: see the settings
    CHANGE_CONVERSATIONS = "change_conversations"  # start them, say who is in them, keep one's side
    READ_PRESENCE = "read_presence"
    SET_PRESENCE = "set_presence"
    READ_VOICEMAIL = "read_voicemail"  # of one's own mailbox
    CHANGE_VOICEMAIL = "change_voicemail"
    READ_CALL_LOG = "read_call_log"  # and mark one's own entries as seen
    READ_USAGE = "read_usage"
    ERASE_PEOPLE = "erase_people"
    READ_EVENTS = "read_events"
    READ_AUDIT = "read_audit"
    READ_METRICS = "read_metrics"


P, S = Permission, Scope

#: The least scope that has each permission; None means that nobody need prove who they are.
LEAST_SCOPE: Mapping[Permission, Scope | None] = {
    P.PUBLIC: None,
    P.READ_DOMAINS: S.BASIC_USER,
    P.CREATE_DOMAINS: S.RESELLER,
    P.CHANGE_DOMAINS: S.RESELLER,
    P.CHANGE_DOMAIN_SETTINGS: S.OFFICE_MANAGER,
    P.READ_USERS: S.BASIC_USER,
    P.CHANGE_USERS: S.OFFICE_MANAGER,
    P.RESET_PASSWORDS: S.OFFICE_MANAGER,
    P.OWN_ACCOUNT: S.BASIC_USER,
    P.READ_DEVICES: S.BASIC_USER,
    P.CREATE_DEVICES: S.OFFICE_MANAGER,
    P.CHANGE_DEVICES: S.BASIC_USER,
    P.DELETE_DEVICES: S.OFFICE_MANAGER,
    P.READ_NUMBERS: S.BASIC_USER,
    P.CREATE_NUMBERS: S.RESELLER,
    P.CHANGE_NUMBERS: S.OFFICE_MANAGER,
    P.DELETE_NUMBERS: S.RESELLER,
    P.MANAGE_KEYS: S.OFFICE_MANAGER,
    P.MANAGE_WEBHOOKS: S.OFFICE_MANAGER,
    P.MINT_TOKENS: S.BASIC_USER,  # a key of one user mints for that user
    P.PLACE_CALLS: S.BASIC_USER,
    P.READ_CALLS: S.BASIC_USER,
    P.SEND_MESSAGES: S.BASIC_USER,
    P.READ_MESSAGES: S.BASIC_USER,
    P.CHANGE_CONSENTS: S.OFFICE_MANAGER,
    P.BLOCK_SENDERS: S.BASIC_USER,  # for its own numbers; the whole domain's takes a manager
    P.READ_CONVERSATIONS: S.BASIC_USER,
    P.READ_CONTACTS: S.BASIC_USER,
    P.CHANGE_CONTACTS: S.BASIC_USER,
    P.CHANGE_CONVERSATIONS: S.BASIC_USER,
    P.READ_PRESENCE: S.BASIC_USER,
    P.SET_PRESENCE: S.BASIC_USER,
    P.READ_VOICEMAIL: S.BASIC_USER,
    P.CHANGE_VOICEMAIL: S.BASIC_USER,
    P.READ_CALL_LOG: S.BASIC_USER,
    P.READ_USAGE: S.OFFICE_MANAGER,
    P.ERASE_PEOPLE: S.OFFICE_MANAGER,
    P.READ_EVENTS: S.BASIC_USER,
    P.READ_AUDIT: S.OFFICE_MANAGER,
    P.READ_METRICS: S.SUPER_USER,
}


def scopes_with(permission: Permission) -> frozenset[Scope]:
    """The scopes that open routes with this permission."""
    least = LEAST_SCOPE[permission]
    return frozenset(scope for scope in Scope if least is None or scope >= least)
