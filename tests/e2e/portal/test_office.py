"""What an office manager looks after, done on the pages and seen at the engine."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.portal.office import REALM, Office
from tests.e2e.portal.test_guide_messages import row


async def test_basic_users_are_shown_no_office(office: Office) -> None:
    page = await office.page("102")
    await expect(page.get_by_role("link", name="Settings", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Office")).to_have_count(0)


async def test_a_user_is_added_edited_and_given_a_password_and_comes_in_with_it(office: Office) -> None:
    page = await office.page("101")
    await page.goto("/office")
    await page.get_by_role("button", name="Add a user").click()
    dialog = page.get_by_role("dialog", name="Add a user")
    await dialog.get_by_label("Name", exact=True).fill("Dora Diaz")
    await dialog.get_by_label("Extension").fill("102")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This exists already.")
    await dialog.get_by_label("Extension").fill("104")
    await dialog.get_by_label("+1 202-555-0101").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    dora = row(page, "Dora Diaz")
    await dora.get_by_role("button", name="More about Dora Diaz").click()
    await page.get_by_role("menuitem", name="Turn SMS off").click()
    await expect(dora).to_contain_text("off")
    await dora.get_by_role("button", name="More about Dora Diaz").click()
    await page.get_by_role("menuitem", name="Reset the password").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Reset the password").click()
    shown = page.get_by_role("dialog", name="Temporary password of Dora Diaz")
    password = await shown.locator("output").inner_text()
    await shown.get_by_role("button", name="Done").click()
    await page.get_by_role("tab", name="Numbers").click()
    await expect(row(page, "+1 202-555-0101")).to_contain_text("Dora Diaz")

    hers = await office.page()
    await hers.goto("/")
    await hers.get_by_label("Name", exact=True).fill(f"104@{REALM}")
    await hers.get_by_label("Password", exact=True).fill(password)
    await hers.get_by_role("button", name="Log in").click()
    await expect(hers.get_by_role("alert")).to_contain_text("temporary")


async def test_disabling_somebody_is_confirmed_and_ends_their_sessions(office: Office) -> None:
    page, theirs = await office.page("101"), await office.page("103")
    await page.goto("/office")
    await row(page, "Cem Çelik").get_by_role("button", name="More about Cem Çelik").click()
    await page.get_by_role("menuitem", name="Disable").click()
    asked = page.get_by_role("alertdialog", name="Disable Cem Çelik?")
    await asked.get_by_role("button", name="Cancel").click()
    await expect(row(page, "Cem Çelik")).to_contain_text("active")
    await row(page, "Cem Çelik").get_by_role("button", name="More about Cem Çelik").click()
    await page.get_by_role("menuitem", name="Disable").click()
    await asked.get_by_role("button", name="Disable").click()
    await expect(row(page, "Cem Çelik")).to_contain_text("disabled")
    await expect(theirs.get_by_role("heading", name="Log in")).to_be_visible()


async def test_users_are_imported_from_a_file_whose_bad_rows_are_shown(office: Office) -> None:
    page = await office.page("101")
    await page.goto("/office")
    await page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import users")
    rows = "extension,display_name,role\n201,Eva Ende,\n202,Finn Fuchs,emperor\n203,Gül Gök,basic_user\n"
    file = {"name": "users.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    await dialog.get_by_label("File").set_input_files([file])
    await expect(dialog.get_by_test_id("import-found")).to_contain_text("2 new")
    await expect(dialog.get_by_role("row", name="3 role")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    await dialog.get_by_role("switch", name="Take the other rows").check()
    await dialog.get_by_role("button", name="Import", exact=True).click()
    await expect(row(page, "Eva Ende")).to_be_visible()
    await expect(row(page, "Gül Gök")).to_be_visible()
    await expect(row(page, "Finn Fuchs")).to_have_count(0)


async def test_phones_and_keys_are_made_and_taken_away(office: Office) -> None:
    page = await office.page("101")
    await page.goto("/office?tab=devices")
    await page.get_by_role("button", name="Add a phone").click()
    dialog = page.get_by_role("dialog", name="Add a phone")
    await dialog.get_by_label("Belongs to").select_option(label="Bob Böhm (102)")
    await dialog.get_by_label("Endpoint").fill("102-soft")
    await dialog.get_by_label("Name", exact=True).fill("Soft phone")
    await dialog.get_by_role("button", name="Save").click()
    await row(page, "Soft phone").get_by_role("button", name="Delete Soft phone").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(row(page, "Soft phone")).to_have_count(0)

    await page.get_by_role("tab", name="API keys").click()
    await page.get_by_role("button", name="Make a key").click()
    form = page.get_by_role("dialog", name="Make a key")
    await form.get_by_label("What it is for").fill("CRM")
    await form.get_by_role("button", name="Make it").click()
    shown = page.get_by_role("dialog", name="Your new key")
    secret = await shown.locator("output").inner_text()
    assert secret.startswith("rbk_")
    await shown.get_by_role("button", name="Done").click()
    await row(page, "CRM").get_by_role("button", name="Revoke CRM").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    await expect(row(page, "CRM")).to_contain_text("revoked")


async def test_a_webhook_is_added_tested_and_deleted(office: Office) -> None:
    page = await office.page("101")
    await page.goto("/office?tab=webhooks")
    await page.get_by_role("button", name="Add a webhook").click()
    dialog = page.get_by_role("dialog", name="Add a webhook")
    await dialog.get_by_label("Address").fill("https://hooks.example.com/ringback")
    await dialog.get_by_role("switch", name="All events").uncheck()
    await dialog.get_by_role("checkbox", name="message.created").check()
    await dialog.get_by_role("checkbox", name="call.*").check()
    await dialog.get_by_role("button", name="Save").click()
    await page.get_by_role("dialog", name="Secret of the webhook").get_by_role("button", name="Done").click()
    hook = row(page, "hooks.example.com")
    await expect(hook).to_contain_text("message.created, call.*")
    await hook.get_by_role("button", name="More about").click()
    await page.get_by_role("menuitem", name="Deliveries").click()
    deliveries = page.get_by_role("dialog", name="Deliveries")
    await expect(deliveries).to_contain_text("Nothing was sent yet")
    await deliveries.get_by_role("button", name="Close").click()
    await hook.get_by_role("button", name="More about").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(hook).to_have_count(0)
