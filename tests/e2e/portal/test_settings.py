"""What a person decides for themselves, and sees again after a reload and on the engine's side."""

from __future__ import annotations

from playwright.async_api import expect

from engine.accounts.models import SYSTEM, CreateDevice, CreateNumber, UpdateUser
from tests.e2e.portal.office import PASSWORD, Office


async def test_notifications_are_chosen_and_stay_chosen(office: Office) -> None:
    page = await office.page("102", permissions=["notifications"])
    await page.goto("/settings?tab=notifications")
    await page.get_by_role("switch", name="Voicemails").uncheck()
    await page.get_by_label("What a notification shows").select_option("Only who wrote")
    await page.get_by_label("Sound", exact=True).select_option("Knock")
    await page.get_by_role("switch", name="Only in my working hours").check()
    await page.get_by_role("switch", name="Friday").uncheck()
    await page.get_by_label("Monday from").fill("09:30")
    await (
        page.get_by_role("switch", name="Only in my working hours")
        .locator("xpath=ancestor::section")
        .get_by_role("button", name="Save")
        .click()
    )
    await expect(page.get_by_test_id("toast")).to_contain_text("Saved.")
    await page.reload()
    await expect(page.get_by_role("switch", name="Voicemails")).not_to_be_checked()
    await expect(page.get_by_label("What a notification shows")).to_have_value("sender")
    await expect(page.get_by_label("Sound", exact=True)).to_have_value("knock")
    await expect(page.get_by_role("switch", name="Friday")).not_to_be_checked()
    await expect(page.get_by_label("Monday from")).to_have_value("09:30")
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.get_by_test_id("toast").last).to_contain_text("open page")


async def test_how_one_is_told_is_followed_on_every_page_of_ones_own(office: Office) -> None:
    page, other = await office.page("102"), await office.page("102")
    for one in (page, other):
        await one.goto("/settings?tab=notifications")
        await expect(one.get_by_role("switch", name="Voicemails")).to_be_checked()
    await page.get_by_role("switch", name="Voicemails").uncheck()
    await page.get_by_label("What a notification shows").select_option("Only who wrote")
    await page.get_by_role("switch", name="Only in my working hours").check()
    await expect(other.get_by_role("switch", name="Voicemails")).not_to_be_checked()
    await expect(other.get_by_label("What a notification shows")).to_have_value("sender")
    await expect(other.get_by_label("Monday from")).to_have_value("08:00")


async def test_a_choice_that_the_engine_did_not_take_is_shown_as_it_was(office: Office) -> None:
    page = await office.page("102")
    await page.goto("/settings?tab=notifications")
    await page.get_by_role("switch", name="Only in my working hours").check()
    await page.get_by_label("Monday from").fill("09:30")
    await page.route("**/v1/me/notifications", lambda route: route.abort())
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("toast").last).to_contain_text("No answer from Ringback")
    await expect(page.get_by_test_id("toast").filter(has_text="Saved.")).to_have_count(0)
    await expect(page.get_by_label("Monday from")).to_have_value("09:30")
    await page.get_by_role("switch", name="SMS").click()
    await expect(page.get_by_test_id("toast")).to_have_count(2)
    await expect(page.get_by_role("switch", name="SMS")).to_be_checked()


async def test_a_browser_is_subscribed_to_pushes_only_when_somebody_asks_for_it(office: Office) -> None:
    page = await office.page("102", permissions=["notifications"])
    # The push service is somebody else's, so the browser's part of it is played here.
    await page.add_init_script(
        """PushManager.prototype.subscribe = async function (options) {
            window.asked = { visible: options.userVisibleOnly, octets: options.applicationServerKey.length };
            return { toJSON: () => ({ endpoint: "https://push.example.com/send/1", keys: {
                p256dh: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-" +
                    "Ts1XbjhazAkj7I99e8QcYP7DkM",
                auth: "tBHItJI5svbpez7KI4CCXg" } }) };
        }"""
    )
    await page.goto("/settings?tab=notifications")
    await page.get_by_role("button", name="Turn on in this browser").click()
    await expect(page.get_by_role("button", name="Remove Chrome, Linux")).to_be_visible()
    assert await page.evaluate("window.asked") == {"visible": True, "octets": 65}
    await page.get_by_role("button", name="Remove Chrome, Linux").click()
    await expect(page.get_by_role("button", name="Remove Chrome, Linux")).to_have_count(0)


async def test_the_password_is_changed_and_other_sessions_end(office: Office) -> None:
    page, other = await office.page("103"), await office.page("103")
    await page.goto("/settings?tab=security")
    await expect(page.get_by_text("this one")).to_be_visible()
    await page.get_by_label("Present password").fill(PASSWORD)
    await page.get_by_label("New password", exact=True).fill("a better battery staple")
    await page.get_by_label("New password once more").fill("a bitter battery staple")
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_role("alert")).to_have_text("The two new passwords differ.")
    await page.get_by_label("New password once more").fill("a better battery staple")
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("1 other session ended")
    await expect(other.get_by_role("heading", name="Log in")).to_be_visible()


async def test_a_session_elsewhere_is_ended(office: Office) -> None:
    page, other = await office.page("103"), await office.page("103")
    await page.goto("/settings?tab=security")
    await page.get_by_role("button", name="End the session of Chrome, Linux").click()
    await expect(other.get_by_role("heading", name="Log in")).to_be_visible()
    await expect(page.get_by_role("button", name="End the session of Chrome, Linux")).to_have_count(0)


async def test_quick_replies_and_the_out_of_office_answer_are_written(office: Office) -> None:
    page = await office.page("102")
    await page.goto("/settings?tab=texts")
    await page.get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog", name="New quick reply")
    await dialog.get_by_label("Name (optional)").fill("Thanks")
    await dialog.get_by_label("Text").fill("Thank you, we call you back.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Thank you, we call you back.")).to_be_visible()
    await page.get_by_role("switch", name="Answer automatically").check()
    await page.get_by_label("Answer", exact=True).fill("Back on Monday.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("Your automatic answer is set.")
    anna = await office.page("101")
    chat = await office.chat("101", "102")
    await office.say("101", chat, "Are you there?")
    await anna.goto(f"/messages/{chat}")
    await expect(anna.get_by_test_id("history").get_by_text("Back on Monday.")).to_be_visible()


async def test_language_and_theme_are_chosen(office: Office) -> None:
    page = await office.page("102")
    await page.goto("/settings?tab=appearance")
    await page.get_by_role("combobox", name="Appearance").select_option("Dark")
    await expect(page.locator("html")).to_have_css("color-scheme", "dark")
    await page.get_by_label("Language").select_option("Deutsch")
    await expect(page.get_by_role("heading", name="Einstellungen", level=1)).to_be_visible()
    await expect(page.get_by_label("Nachricht senden mit")).to_be_visible()


async def test_what_an_administrator_changes_about_somebody_is_seen_at_once(office: Office) -> None:
    accounts, bob = office.engine.services.accounts, office.users["102"]
    page = await office.page("102")
    main = page.get_by_role("main")
    await page.goto("/settings?tab=profile")
    await expect(main.get_by_text("Bob Böhm", exact=True)).to_be_visible()
    await accounts.users.update(SYSTEM, bob.id, UpdateUser(display_name="Bob Berg"))
    await expect(main.get_by_text("Bob Berg", exact=True)).to_be_visible()
    await page.goto("/settings?tab=phones")
    await expect(main.get_by_text("Desk phone", exact=True)).to_be_visible()
    await accounts.devices.create(
        SYSTEM, CreateDevice(user_id=bob.id, endpoint="102-soft", label="Softphone")
    )
    await expect(main.get_by_text("Softphone", exact=True)).to_be_visible()
    number = CreateNumber(
        domain_id=office.domain.id, e164="+12025550109", carrier="carrier", user_ids=(bob.id,)
    )
    await accounts.numbers.create(SYSTEM, number)
    await expect(main.get_by_text("+1 202-555-0109")).to_be_visible()
