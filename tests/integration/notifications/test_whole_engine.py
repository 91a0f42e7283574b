"""The whole engine: a message becomes a push, then a mail, and a click in the mail ends mails."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import aiohttp

from config.settings import ServerSettings, Settings, StorageSettings
from engine.accounts.models import SYSTEM, CreateDomain, CreateUser, MintToken, User
from engine.app import listening, running
from engine.notifications.settings import MailSettings
from engine.outbound import OutboundSettings
from tests.integration.api.world import made
from tests.peers.push_browser import Browser
from tests.peers.receiver import a_receiver, answers
from tests.peers.smtp_server import a_mail_server


@dataclass
class ClockAhead:
    ms: int = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ms

    def monotonic(self) -> float:
        return time.monotonic() + self.ms / 1000


async def test_a_message_to_somebody_who_is_away(sqlite_database: str, tmp_path: Path) -> None:
    clock = ClockAhead()
    async with a_mail_server() as mails, a_receiver(answers(201)) as push_service:
        settings = replace(
            Settings(),
            server=ServerSettings(port=0, public_url="https://phone.example.com"),
            storage=StorageSettings(data_dir=tmp_path, url=sqlite_database),
            outbound=OutboundSettings(allowed_networks=(ip_network("127.0.0.0/8"),)),
            mail=MailSettings(
                host="localhost", port=mails.port, security="none", sender="ringback@example.com"
            ),
        )
        async with (
            running(settings, clock) as engine,
            listening(engine, replace(settings, server=ServerSettings(port=0))) as url,
            aiohttp.ClientSession() as session,
        ):
            accounts = engine.services.accounts
            domain = made(
                await accounts.domains.create(
                    SYSTEM, CreateDomain(name="Acme", pbx="main", dial_context="out")
                )
            )
            people: list[User] = []
            tokens: list[dict[str, str]] = []
            for extension, name in (("101", "Ann"), ("102", "Bob")):
                new = CreateUser(extension=extension, display_name=name, domain_id=domain.id)
                people.append(made(await accounts.users.create(SYSTEM, new)))
                token = made(await accounts.tokens.mint(SYSTEM, MintToken(user_id=people[-1].id)))
                tokens.append({"Authorization": f"Bearer {token.secret}"})
            ann, bob = tokens

            async def ask(
                method: str, path: str, who: dict[str, str], body: object = None
            ) -> dict[str, object]:
                async with session.request(method, url + path, json=body, headers=who) as answer:
                    assert answer.status < 300, await answer.text()
                    read: dict[str, object] = await answer.json()
                    return read

            await ask("PATCH", "/v1/me", ann, {"email": "ann@example.com"})
            await ask("PATCH", "/v1/me/notifications", ann, {"email_language": "de"})
            browser = Browser(push_service.url)
            subscription = browser.subscription
            keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
            await ask("POST", "/v1/me/push-subscriptions", ann, {"endpoint": browser.endpoint, "keys": keys})
            thread = await ask("POST", "/v1/conversations", bob, {"to": [{"user_id": people[0].id}]})
            said = {"text": "Are you there?"}
            await ask("POST", f"/v1/conversations/{thread['id']}/messages", bob, said)
            (request,) = await push_service.until(lambda requests: len(requests) >= 1)
            assert browser.read(request.body)["preview"] == "Are you there?"
            clock.ms += 6 * 60_000
            (mail,) = await mails.until(1)
            assert mail["To"].addresses[0].addr_spec == "ann@example.com"
            assert mail["Subject"] == "Ungelesen: 1 Chatnachricht"
            link = str(mail["List-Unsubscribe"]).strip("<>")
            assert link.startswith("https://phone.example.com/v1/unsubscribe?token=")
            here = link.replace("https://phone.example.com", url)
            async with session.get(here) as page:
                assert (page.status, page.content_type) == (200, "text/html")
                assert "default-src 'none'" in page.headers["Content-Security-Policy"]
                assert "<h1>Keine Mails mehr?</h1>" in await page.text()
            assert (await ask("GET", "/v1/me/notifications", ann))["email"] is True
            async with session.post(here, data={"List-Unsubscribe": "One-Click"}) as done:
                assert done.status == 200
                assert "<h1>Erledigt</h1>" in await done.text()
            assert (await ask("GET", "/v1/me/notifications", ann))["email"] is False
