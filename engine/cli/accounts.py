"""Verbs that manage tenants: domain, user, device, number, key.

They work on the configured database itself, as the local operator, whether a server runs or not.
"""

from __future__ import annotations

from typing import Annotated

import typer

from engine.accounts.models import (
    SYSTEM,
    UNSET,
    CreateDevice,
    CreateDomain,
    CreateNumber,
    CreateUser,
    Scope,
    UpdateDevice,
    UpdateDomain,
    UpdateNumber,
    UpdateUser,
)
from engine.cli import imports, keys, logins
from engine.cli.options import AsJson, ConfigFile
from engine.cli.show import as_dict, print_record, print_table

Domain = Annotated[str, typer.Option("--domain", help="Id of the domain (dom_…).")]
OneUser = Annotated[str | None, typer.Option("--user", help="Only those of this user (usr_…).")]
SmsFlag = Annotated[bool, typer.Option("--sms/--no-sms", help="Whether texts are allowed.")]
Role = Annotated[Scope, typer.Option(help="basic_user or office_manager, for when the person logs in.")]
SmsChange = Annotated[bool | None, typer.Option("--sms/--no-sms", help="Allow or forbid texts.")]


def add_verbs(app: typer.Typer) -> None:
    for name, help_line, verbs in (
        (
            "domain",
            "Tenants.",
            (add_domain, list_domains, show_domain, set_domain, remove_domain),
        ),
        (
            "user",
            "People of a domain.",
            (
                add_user,
                list_users,
                show_user,
                set_user,
                remove_user,
                logins.password_user,
                imports.import_users,
            ),
        ),
        (
            "device",
            "PBX endpoints that ring for a user.",
            (add_device, list_devices, show_device, set_device, remove_device),
        ),
        (
            "number",
            "Phone numbers texts are sent from and arrive at.",
            (add_number, list_numbers, show_number, set_number, remove_number, imports.import_numbers),
        ),
        ("key", "API keys.", (keys.add_key, keys.list_keys, keys.show_key, keys.revoke_key)),
    ):
        group = typer.Typer(help=help_line, no_args_is_help=True, rich_markup_mode=None)
        for verb in verbs:
            group.command(verb.__name__.partition("_")[0])(verb)
        app.add_typer(group, name=name)


# Domains


def add_domain(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    pbx: Annotated[str, typer.Option(help="Name of its PBX in the configuration.")],
    dial_context: Annotated[str, typer.Option("--context", help="Dialplan context its calls start in.")],
    region: Annotated[
        str | None, typer.Option(help="Country whose national numbers it writes, for example DE.")
    ] = None,
    reseller: Annotated[str | None, typer.Option(help="Name of the reseller it belongs to.")] = None,
    realm: Annotated[
        str | None, typer.Option(help="What its people log in at, for example acme.example.")
    ] = None,
    sms: SmsFlag = True,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""
    from engine.cli.local_accounts import with_accounts

    command = CreateDomain(
        name=name,
        pbx=pbx,
        dial_context=dial_context,
        region=region,
        reseller_id=reseller,
        sms_enabled=sms,
        realm=realm,
    )
    domain = with_accounts(config, lambda accounts: accounts.domains.create(SYSTEM, command))
    print_record(as_dict(domain), as_json=as_json)


def list_domains(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List all tenants, oldest first."""
    from engine.cli.local_accounts import every, with_accounts

    found = with_accounts(config, lambda accounts: every(lambda page: accounts.domains.list(SYSTEM, page)))
    print_table([as_dict(domain) for domain in found], ("id", "name", "pbx", "dial_context"), as_json=as_json)


def show_domain(domain_id: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one tenant."""
    from engine.cli.local_accounts import with_accounts

    domain = with_accounts(config, lambda accounts: accounts.domains.get(SYSTEM, domain_id))
    print_record(as_dict(domain), as_json=as_json)


def set_domain(
    domain_id: str,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    pbx: Annotated[str | None, typer.Option(help="Name of its PBX in the configuration.")] = None,
    dial_context: Annotated[str | None, typer.Option("--context", help="Its dialplan context.")] = None,
    region: Annotated[str | None, typer.Option(help="Its country; empty for none.")] = None,
    reseller: Annotated[str | None, typer.Option(help="Its reseller; empty for none.")] = None,
    realm: Annotated[str | None, typer.Option(help="Where its people log in; empty for none.")] = None,
    sms: SmsChange = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a tenant."""
    from engine.cli.local_accounts import with_accounts

    command = UpdateDomain(
        name=UNSET if name is None else name,
        pbx=UNSET if pbx is None else pbx,
        dial_context=UNSET if dial_context is None else dial_context,
        region=UNSET if region is None else region or None,
        reseller_id=UNSET if reseller is None else reseller or None,
        realm=UNSET if realm is None else realm or None,
        sms_enabled=UNSET if sms is None else sms,
    )
    domain = with_accounts(config, lambda accounts: accounts.domains.update(SYSTEM, domain_id, command))
    print_record(as_dict(domain), as_json=as_json)


def remove_domain(domain_id: str, config: ConfigFile = None) -> None:
    """Delete a tenant without users and numbers, with its keys."""
    from engine.cli.local_accounts import with_accounts

    with_accounts(config, lambda accounts: accounts.domains.delete(SYSTEM, domain_id))


# Users


def add_user(
    extension: Annotated[str, typer.Argument(help="2 to 10 digits, unique in the domain.")],
    name: Annotated[str, typer.Argument(help="What people call the person.")],
    domain: Domain,
    sms: SmsFlag = True,
    login: Annotated[str | None, typer.Option(help="A name to log in with beside the extension.")] = None,
    role: Role = Scope.BASIC_USER,
    email: Annotated[str | None, typer.Option(help="Where the person gets mail.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a person to a domain."""
    from engine.cli.local_accounts import with_accounts

    command = CreateUser(
        extension=extension,
        display_name=name,
        domain_id=domain,
        sms_enabled=sms,
        login=login,
        role=role,
        email=email,
    )
    user = with_accounts(config, lambda accounts: accounts.users.create(SYSTEM, command))
    print_record(as_dict(user), as_json=as_json)


def list_users(domain: Domain, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the people of a domain, oldest first."""
    from engine.cli.local_accounts import every, with_accounts

    found = with_accounts(
        config, lambda accounts: every(lambda page: accounts.users.list(SYSTEM, domain, page))
    )
    columns = ("id", "extension", "display_name", "role", "enabled", "sms_enabled")
    print_table([as_dict(user) for user in found], columns, as_json=as_json)


def show_user(user_id: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one person."""
    from engine.cli.local_accounts import with_accounts

    user = with_accounts(config, lambda accounts: accounts.users.get(SYSTEM, user_id))
    print_record(as_dict(user), as_json=as_json)


def set_user(
    user_id: str,
    extension: Annotated[str | None, typer.Option(help="2 to 10 digits.")] = None,
    name: Annotated[str | None, typer.Option(help="What people call the person.")] = None,
    sms: SmsChange = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Disabling ends the user's sessions and tokens.")
    ] = None,
    login: Annotated[str | None, typer.Option(help="A second name to log in with; empty for none.")] = None,
    role: Annotated[Scope | None, typer.Option(help="basic_user or office_manager.")] = None,
    email: Annotated[str | None, typer.Option(help="Where the person gets mail; empty for nowhere.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a person."""
    from engine.cli.local_accounts import with_accounts

    command = UpdateUser(
        extension=UNSET if extension is None else extension,
        display_name=UNSET if name is None else name,
        sms_enabled=UNSET if sms is None else sms,
        enabled=UNSET if enabled is None else enabled,
        login=UNSET if login is None else login or None,
        role=UNSET if role is None else role,
        email=UNSET if email is None else email or None,
    )
    user = with_accounts(config, lambda accounts: accounts.users.update(SYSTEM, user_id, command))
    print_record(as_dict(user), as_json=as_json)


def remove_user(user_id: str, config: ConfigFile = None) -> None:
    """Delete a person with its devices and tokens; its calls and texts stay."""
    from engine.cli.local_accounts import with_accounts

    with_accounts(config, lambda accounts: accounts.users.delete(SYSTEM, user_id))


# Devices


def add_device(
    endpoint: Annotated[str, typer.Argument(help="Name of the PJSIP endpoint on the PBX.")],
    user: Annotated[str, typer.Option(help="Id of the user it rings for (usr_…).")],
    label: Annotated[str, typer.Option(help="What the user calls it.")] = "",
    pbx: Annotated[str | None, typer.Option(help="Its PBX, if not the domain's.")] = None,
    default: Annotated[
        bool | None,
        typer.Option("--default/--no-default", help="Whether a click rings it; a first one does."),
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Give a user a phone."""
    from engine.cli.local_accounts import with_accounts

    command = CreateDevice(user_id=user, endpoint=endpoint, label=label, pbx=pbx, is_default=default)
    device = with_accounts(config, lambda accounts: accounts.devices.create(SYSTEM, command))
    print_record(as_dict(device), as_json=as_json)


def list_devices(
    domain: Domain, user: OneUser = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """List the phones of a domain or of one user, oldest first."""
    from engine.cli.local_accounts import every, with_accounts

    found = with_accounts(
        config, lambda accounts: every(lambda page: accounts.devices.list(SYSTEM, domain, user, page))
    )
    columns = ("id", "user_id", "pbx", "endpoint", "label", "is_default")
    print_table([as_dict(device) for device in found], columns, as_json=as_json)


def show_device(device_id: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one phone."""
    from engine.cli.local_accounts import with_accounts

    device = with_accounts(config, lambda accounts: accounts.devices.get(SYSTEM, device_id))
    print_record(as_dict(device), as_json=as_json)


def set_device(
    device_id: str,
    endpoint: Annotated[str | None, typer.Option(help="Name of the PJSIP endpoint on the PBX.")] = None,
    label: Annotated[str | None, typer.Option(help="What the user calls it.")] = None,
    default: Annotated[
        bool | None, typer.Option("--default/--no-default", help="Whether a click rings it.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a phone."""
    from engine.cli.local_accounts import with_accounts

    command = UpdateDevice(
        endpoint=UNSET if endpoint is None else endpoint,
        label=UNSET if label is None else label,
        is_default=UNSET if default is None else default,
    )
    device = with_accounts(config, lambda accounts: accounts.devices.update(SYSTEM, device_id, command))
    print_record(as_dict(device), as_json=as_json)


def remove_device(device_id: str, config: ConfigFile = None) -> None:
    """Take a phone away; if it was the default, the user's oldest other one becomes that."""
    from engine.cli.local_accounts import with_accounts

    with_accounts(config, lambda accounts: accounts.devices.delete(SYSTEM, device_id))


# Numbers


def add_number(
    number: Annotated[str, typer.Argument(help="International, or national of the domain's country.")],
    domain: Domain,
    carrier: Annotated[str, typer.Option(help="Name of its carrier in the configuration.")],
    user: Annotated[
        list[str] | None, typer.Option(help="Id of a user who has it (usr_…); may be repeated.")
    ] = None,
    sms: SmsFlag = True,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Give a domain a number."""
    from engine.cli.local_accounts import with_accounts

    command = CreateNumber(
        e164=number, carrier=carrier, domain_id=domain, sms_enabled=sms, user_ids=tuple(user or ())
    )
    added = with_accounts(config, lambda accounts: accounts.numbers.create(SYSTEM, command))
    print_record(as_dict(added), as_json=as_json)


def list_numbers(
    domain: Domain, user: OneUser = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """List the numbers of a domain or of one user, oldest first."""
    from engine.cli.local_accounts import every, with_accounts

    found = with_accounts(
        config, lambda accounts: every(lambda page: accounts.numbers.list(SYSTEM, domain, user, page))
    )
    columns = ("id", "e164", "carrier", "sms_enabled", "user_ids")
    print_table([as_dict(number) for number in found], columns, as_json=as_json)


def show_number(number_id: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one number."""
    from engine.cli.local_accounts import with_accounts

    number = with_accounts(config, lambda accounts: accounts.numbers.get(SYSTEM, number_id))
    print_record(as_dict(number), as_json=as_json)


def set_number(
    number_id: str,
    carrier: Annotated[str | None, typer.Option(help="Name of its carrier.")] = None,
    user: Annotated[
        list[str] | None, typer.Option(help="Who has it from now on (usr_…); may be repeated.")
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Take it from everybody.")] = False,
    sms: SmsChange = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a number; --user replaces everybody who had it."""
    from engine.cli.local_accounts import with_accounts

    if nobody and user:
        raise typer.BadParameter("--nobody and --user contradict each other.")
    command = UpdateNumber(
        carrier=UNSET if carrier is None else carrier,
        sms_enabled=UNSET if sms is None else sms,
        user_ids=tuple(user or ()) if user or nobody else UNSET,
    )
    number = with_accounts(config, lambda accounts: accounts.numbers.update(SYSTEM, number_id, command))
    print_record(as_dict(number), as_json=as_json)


def remove_number(number_id: str, config: ConfigFile = None) -> None:
    """Take a number away from its domain; conversations that used it can still be read."""
    from engine.cli.local_accounts import with_accounts

    with_accounts(config, lambda accounts: accounts.numbers.delete(SYSTEM, number_id))
