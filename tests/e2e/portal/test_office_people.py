"""Mailboxes given and taken, people erased, and how long things are kept: on the pages and at the engine."""

from __future__ import annotations

import json

from playwright.async_api import FilePayload, expect

from engine.accounts.models import SYSTEM, CreateDomain, CreateUser, Scope, UpdateDomainSettings
from engine.errors import NotFound
from engine.simulators.asterisk_config import DIAL_CONTEXT
from engine.voicemail.models import Folder
from tests.e2e.portal.lively import CONTEXT, LivelyOffice
from tests.e2e.portal.looking import nothing_wrong
from tests.e2e.portal.office import CARLA, Office
from tests.e2e.portal.test_guide_messages import row
from tests.peers.engine import made

CARLA_SHOWN = "+1 202-555-0123"


async def _mailboxes(lively: LivelyOffice) -> dict[str, set[str]]:
    """Who has which, as the engine says."""
    office = lively.office
    found = await office.engine.services.voicemails.mailboxes.list(office.principal("101"))
    extensions = {user.id: extension for extension, user in office.users.items()}
    return {str(one.box): {extensions[user_id] for user_id in one.user_ids} for one in found}


def _table(octets: bytes) -> FilePayload:
    return {"name": "users.csv", "mimeType": "text/csv", "buffer": octets}


async def test_a_mailbox_is_given_shared_and_taken_away(lively: LivelyOffice) -> None:
    page = await lively.office.page("101")
    await page.goto("/office?tab=mailboxes")
    anna = row(page, "Anna Adler")
    await expect(anna).to_contain_text(f"{CONTEXT} on pbx")
    await expect(anna).to_contain_text("up to date")
    await expect(anna.get_by_role("cell").nth(2)).to_have_text("1")
    await expect(anna.get_by_role("cell").nth(3)).to_have_text("1")
    await expect(page.get_by_text("Without a mailbox: Cem Çelik")).to_be_visible()
    await nothing_wrong(page)

    # Somebody is given one that the phone system fills later.
    await page.get_by_role("button", name="Give a mailbox").click()
    dialog = page.get_by_role("dialog", name="Give a mailbox")
    await expect(dialog.get_by_label("For")).to_have_value(lively.office.users["103"].id)
    await expect(dialog.get_by_label("Mailbox")).to_have_value(f"103@{CONTEXT}")
    await nothing_wrong(page)
    await lively.office.shot(page, "office-mailbox-give")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(page, "Cem Çelik")).to_contain_text("up to date", timeout=60_000)  # asked every 15 s
    await expect(page.get_by_text("also if the phone system does not have it")).to_be_visible()
    lively.spool.leave("103", Folder.INBOX, context=CONTEXT, caller=f'"Carla" <{CARLA}>')
    await expect(row(page, "Cem Çelik").get_by_role("cell").nth(2)).to_have_text("1", timeout=60_000)

    # It is shared with somebody else, who leaves the one they had.
    await row(page, "Cem Çelik").get_by_role("button", name=f"Change who has 103@{CONTEXT}").click()
    dialog = page.get_by_role("dialog", name=f"Who has 103@{CONTEXT}?")
    await dialog.get_by_role("checkbox", name=f"Bob Böhm (102), instead of 102@{CONTEXT}").check()
    await nothing_wrong(page)
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(page, "Bob Böhm")).to_contain_text("Cem Çelik")
    assert await _mailboxes(lively) == {f"101@{CONTEXT}": {"101"}, f"103@{CONTEXT}": {"102", "103"}}

    # And taken from both: the messages stay where they are.
    await row(page, "Cem Çelik").get_by_role("button", name=f"Change who has 103@{CONTEXT}").click()
    await dialog.get_by_role("checkbox", name="Bob Böhm (102)").uncheck()
    await dialog.get_by_role("checkbox", name="Cem Çelik (103)").uncheck()
    await expect(dialog.get_by_text("The messages stay on the phone system")).to_be_visible()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)  # what lies under a dialog nobody sees
    await expect(row(page, "Cem Çelik")).to_have_count(0)
    assert await _mailboxes(lively) == {f"101@{CONTEXT}": {"101"}}
    assert list(lively.spool.folder("103", context=CONTEXT).glob("msg*.txt"))


async def test_a_mailbox_that_cannot_be_given_says_why(lively: LivelyOffice) -> None:
    office = lively.office
    accounts = office.engine.services.accounts
    other = made(
        await accounts.domains.create(
            SYSTEM, CreateDomain(name="Globex", pbx="pbx", dial_context=DIAL_CONTEXT, region="US")
        )
    )
    stranger = made(
        await accounts.users.create(
            SYSTEM,
            CreateUser(domain_id=other.id, extension="900", display_name="Gil", role=Scope.BASIC_USER),
        )
    )
    await office.engine.services.voicemails.mailboxes.assign(SYSTEM, stranger.id, f"900@{CONTEXT}", None)
    page = await office.page("101")
    await page.goto("/office?tab=mailboxes")
    await page.get_by_role("button", name="Give a mailbox").click()
    dialog = page.get_by_role("dialog", name="Give a mailbox")
    for typed, said in (
        ("103@elsewhere", "not in your organisation’s part of the phone system"),
        (f"900@{CONTEXT}", "belongs to another organisation"),
        ("a box@@acme", "cannot be the name of a mailbox"),
    ):
        await dialog.get_by_label("Mailbox").fill(typed)
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog.get_by_role("alert")).to_contain_text(said)
    await nothing_wrong(page)
    # A name alone is one of the domain's own context.
    await dialog.get_by_label("Mailbox").fill("103")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(page, "Cem Çelik")).to_be_visible()


async def test_a_phone_system_that_is_away_is_told_of_and_so_is_a_missing_context(
    lively: LivelyOffice,
) -> None:
    office = lively.office
    page = await office.page("101")
    await page.goto("/office?tab=mailboxes")
    await expect(row(page, "Anna Adler")).to_contain_text("up to date")
    lively.spool.root.rename(lively.spool.root.with_name("away"))
    await expect(row(page, "Anna Adler")).to_contain_text("out of reach", timeout=60_000)
    await expect(page.get_by_text("The recordings on pbx cannot be reached")).to_be_visible()
    await expect(row(page, "Anna Adler").get_by_role("cell").nth(2)).to_have_text("1")
    await nothing_wrong(page)
    await office.shot(page, "office-mailboxes-away")
    await office.engine.services.accounts.preferences.change_domain(
        SYSTEM, office.domain.id, UpdateDomainSettings(voicemail_context="")
    )
    await page.reload()
    await expect(page.get_by_text("Your reseller has not said yet")).to_be_visible()
    await expect(page.get_by_role("button", name="Give a mailbox")).to_have_count(0)


async def test_an_outside_number_is_erased_after_it_was_typed_twice(lively: LivelyOffice) -> None:
    office = lively.office
    page = await office.page("101")
    await page.goto("/office?tab=erasures")
    await expect(page.get_by_text("Nobody was erased yet")).to_be_visible()
    await page.get_by_role("button", name="Erase an outside number").click()
    dialog = page.get_by_role("dialog", name="Erase an outside number")
    go = dialog.get_by_role("button", name="Erase for good")
    await dialog.get_by_label("Number", exact=True).fill("+1 (202) 555-0123")
    await expect(go).to_be_disabled()
    await dialog.get_by_label("Type the number again").fill("+1 202 555 0124")
    await expect(go).to_be_disabled()
    await dialog.get_by_label("Type the number again").fill("+12025550123")
    await nothing_wrong(page)
    await office.shot(page, "office-erase-number")
    await go.click()

    report = page.get_by_role("dialog", name="Report of the erasure")
    await expect(report).to_contain_text("An outside number")
    await expect(report).to_contain_text("nothing left")
    await expect(report).to_contain_text("Texts, chats, receipts")
    await expect(report).to_contain_text("Voicemails")
    await nothing_wrong(page)
    await office.shot(page, "office-erasure-report")
    async with page.expect_download() as download:
        await report.get_by_role("link", name="Download").click()
    kept = json.loads((await (await download.value).path()).read_text())
    await expect(report).to_contain_text(kept["report_hash"])
    assert (kept["kind"], kept["left"]) == ("number", {})
    await report.get_by_role("button", name="Done").click()
    await expect(row(page, "An outside number")).to_contain_text("nothing left")
    await nothing_wrong(page)
    await office.shot(page, "office-erasures")

    # Nothing here knows her any more, and the list is there after a reload.
    assert await lively.voicemails("101") == 1
    await page.goto("/messages?tab=written")
    await expect(row(page, "Bob Böhm")).to_be_visible()
    await expect(page.get_by_role("main").get_by_text("Carla")).to_have_count(0)
    await page.goto("/office?tab=erasures")
    await page.get_by_role("button", name="Report of").click()
    await expect(report).to_contain_text(kept["subject_hash"])


async def test_what_is_left_of_a_number_is_shown_with_the_reason(lively: LivelyOffice) -> None:
    """The phone system cannot be reached, so it keeps her voicemail."""
    office = lively.office
    page = await office.page("101")
    away = lively.spool.root.with_name("away")
    lively.spool.root.rename(away)
    await page.goto("/office?tab=erasures")
    await page.get_by_role("button", name="Erase an outside number").click()
    dialog = page.get_by_role("dialog", name="Erase an outside number")
    await dialog.get_by_label("Number", exact=True).fill(CARLA)
    await dialog.get_by_label("Type the number again").fill(CARLA_SHOWN)
    await dialog.get_by_role("button", name="Erase for good").click()
    report = page.get_by_role("dialog", name="Report of the erasure")
    left = report.get_by_role("region", name="Left")
    await expect(left).to_contain_text("voicemails.")
    await expect(left).to_contain_text("The phone system did not remove voicemails")
    await nothing_wrong(page)
    await office.shot(page, "office-erasure-left")
    await report.get_by_role("button", name="Done").click()
    await expect(row(page, "An outside number")).to_contain_text("1 left")


async def test_a_user_is_erased_after_their_name_was_typed(office: Office) -> None:
    cem = office.users["103"]
    theirs, page = await office.page("103"), await office.page("101")
    await page.goto("/office")
    await row(page, "Cem Çelik").get_by_role("button", name="More about Cem Çelik").click()
    await page.get_by_role("menuitem", name="Erase for good").click()
    dialog = page.get_by_role("dialog", name="Erase Cem Çelik for good?")
    go = dialog.get_by_role("button", name="Erase for good")
    await expect(go).to_be_disabled()
    typed = dialog.get_by_label("Type “Cem Çelik” to confirm")
    await typed.fill("Cem")
    await typed.press("Enter")
    await expect(go).to_be_disabled()
    await typed.fill("Cem Çelik")
    await nothing_wrong(page)
    await office.shot(page, "office-erase-user")
    await go.click()
    report = page.get_by_role("dialog", name="Report of the erasure")
    await expect(report).to_contain_text("A user")
    await expect(report).to_contain_text("The user, with phones and log-in")
    await expect(report).to_contain_text("nothing left")
    await report.get_by_role("button", name="Done").click()
    await expect(report).to_have_count(0)
    await expect(row(page, "Bob Böhm")).to_be_visible()
    await expect(row(page, "Cem Çelik")).to_have_count(0)
    await expect(theirs.get_by_role("heading", name="Log in")).to_be_visible()
    try:
        await office.engine.services.accounts.users.get(SYSTEM, cem.id)
        raise AssertionError("the user is still there")
    except NotFound:
        pass
    await page.get_by_role("tab", name="Erasure").click()
    await expect(row(page, "A user")).to_contain_text("nothing left")
    # Nobody erases themselves, and there is only who is left to choose from.
    await page.get_by_role("button", name="Erase a user").click()
    chosen = page.get_by_role("dialog", name="Erase a user").get_by_label("Who", exact=True)
    await expect(chosen.locator("option")).to_have_text(["Choose somebody", "Bob Böhm (102)"])


async def test_how_long_things_are_kept_is_shown_and_changed(office: Office) -> None:
    preferences = office.engine.services.accounts.preferences
    page = await office.page("101")
    await page.goto("/office?tab=domain")
    messages = page.get_by_label("Messages", exact=True)
    voicemails = page.get_by_label("Voicemails", exact=True)
    await expect(messages).to_have_value("")
    await expect(messages).to_have_attribute("placeholder", "for ever")
    await nothing_wrong(page)
    await messages.fill("365")
    await page.get_by_label("Files", exact=True).fill("0")
    await page.get_by_role("button", name="Save").click()
    assert not await page.get_by_label("Files", exact=True).evaluate("(one) => one.checkValidity()")
    assert (await preferences.of_domain(SYSTEM, office.domain.id)).keep_messages_days is None
    await page.get_by_label("Files", exact=True).fill("30")
    await voicemails.fill("90")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("Saved.")
    kept = await preferences.of_domain(SYSTEM, office.domain.id)
    assert (kept.keep_messages_days, kept.keep_voicemails_days) == (365, 90)
    assert (kept.keep_attachments_days, kept.keep_calls_days) == (30, None)
    await page.reload()
    await expect(messages).to_have_value("365")
    await voicemails.fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("Saved.")
    assert (await preferences.of_domain(SYSTEM, office.domain.id)).keep_voicemails_days is None


async def test_what_holds_for_everybody_is_followed_while_somebody_changes_it(office: Office) -> None:
    preferences = office.engine.services.accounts.preferences
    page = await office.page("101")
    await page.goto("/office?tab=domain")
    minutes = page.get_by_label("Minutes in which people may change what they said")
    await expect(minutes).to_have_value("1440")
    await minutes.fill("15")
    # Somebody else decides about other things meanwhile.
    others = UpdateDomainSettings(keep_calls_days=7, time_zone="Europe/Berlin")
    await preferences.change_domain(SYSTEM, office.domain.id, others)
    await expect(page.get_by_label("Calls", exact=True)).to_have_value("7")
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    await expect(minutes).to_have_value("15")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("Saved.")
    kept = await preferences.of_domain(SYSTEM, office.domain.id)
    assert (kept.edit_within_s, kept.keep_calls_days, kept.time_zone) == (900, 7, "Europe/Berlin")
    # What was saved is not held against what others decide from now on.
    await preferences.change_domain(SYSTEM, office.domain.id, UpdateDomainSettings(edit_within_s=60))
    await expect(minutes).to_have_value("1")


async def test_a_user_is_edited_and_the_colleagues_see_it(office: Office) -> None:
    page, bobs = await office.page("101"), await office.page("102")
    await page.goto("/office")
    await row(page, "Cem Çelik").get_by_role("button", name="More about Cem Çelik").click()
    await page.get_by_role("menuitem", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit Cem Çelik")
    await dialog.get_by_label("Name", exact=True).fill("Cem Çelik-Roth")
    await dialog.get_by_label("Extension").fill("102")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This exists already.")
    await dialog.get_by_label("Extension").fill("113")
    await dialog.get_by_label("E-mail address").fill("cem@acme.example")
    await dialog.get_by_label("Role").select_option("Office manager")
    await nothing_wrong(page)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    cem = row(page, "Cem Çelik-Roth")
    for part in ("113", "cem@acme.example", "Office manager"):
        await expect(cem).to_contain_text(part)
    await expect(bobs.get_by_role("complementary", name="Contacts")).to_contain_text("Cem Çelik-Roth")
    kept = await office.engine.services.accounts.users.get(SYSTEM, office.users["103"].id)
    assert (kept.extension, kept.role) == ("113", Scope.OFFICE_MANAGER)
    await row(page, "Cem Çelik-Roth").get_by_role("button", name="More about Cem Çelik-Roth").click()
    await page.get_by_role("menuitem", name="Disable").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Disable").click()
    await expect(cem).to_contain_text("disabled")
    await cem.get_by_role("button", name="More about Cem Çelik-Roth").click()
    await page.get_by_role("menuitem", name="Enable").click()
    await expect(cem).to_contain_text("active")


async def test_a_mistake_in_a_file_is_told_by_its_row_and_nothing_is_done(office: Office) -> None:
    page = await office.page("101")
    await page.goto("/office")
    await page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import users")
    rows = ("extension,display_name,role", "201,Eva Ende,", "202,Finn Fuchs,emperor", "201,Ida Igel,")
    await dialog.get_by_label("File").set_input_files([_table("\n".join(rows).encode())])
    flaws = dialog.get_by_role("region", name="Rows that cannot be taken")
    await expect(flaws.get_by_role("row", name="3 role")).to_be_visible()
    await expect(flaws.get_by_role("row", name="4").first).to_be_visible()
    await expect(dialog.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    await nothing_wrong(page)
    await office.shot(page, "office-import-flaws")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await page.reload()
    await expect(row(page, "Cem Çelik")).to_be_visible()
    await expect(row(page, "Eva Ende")).to_have_count(0)
    found = await office.engine.services.accounts.users.list(SYSTEM, office.domain.id)
    assert {one.extension for one in found.items} == {"101", "102", "103"}


async def test_a_file_that_is_no_table_is_refused_in_words(office: Office) -> None:
    page = await office.page("101")
    await page.goto("/office")
    await page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import users")
    await dialog.get_by_label("File").set_input_files([_table(b"\xff\xfe\x00\x01")])
    await expect(dialog.get_by_role("alert")).to_contain_text("The file cannot be read")
    await expect(dialog.get_by_role("button", name="Import", exact=True)).to_be_disabled()
