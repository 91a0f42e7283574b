"""What of the configuration of mail and notifications is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.notifications.settings import MailSettings, NotificationsSettings


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"host": "mail"}, "sender"),
        ({"host": "mail", "sender": "Ringback <r@example.com>"}, "sender"),
        ({"port": 0}, "port"),
        ({"username": "r"}, "username"),
        ({"password": "p"}, "username"),
        ({"username": "r", "password": "p", "security": "none"}, "security"),
        ({"sender_name": "Ring\nback"}, "sender_name"),
        ({"ca_file": Path("/nowhere.pem")}, "ca_file"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_a_mail_server_nobody_could_use_is_refused(given: dict[str, object], key: str) -> None:
    (problem,) = MailSettings(**given).problems()  # type: ignore[arg-type]
    assert problem.startswith(f"{key}: ")


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"portal_url": "portal.example.com"}, "portal_url"),
        ({"portal_url": "javascript:alert(1)"}, "portal_url"),
        ({"push_contact": "admin@example.com"}, "push_contact"),
        ({"push_contact": "mailto:"}, "push_contact"),
        ({"acknowledge_s": 0}, "acknowledge_s"),
    ],
)
def test_what_notifications_cannot_work_with_is_refused(given: dict[str, object], key: str) -> None:
    (problem,) = NotificationsSettings(**given).problems()  # type: ignore[arg-type]
    assert problem.startswith(f"{key}: ")


def test_good_settings_have_no_problems_and_show_no_password() -> None:
    mail = MailSettings(host="mail", sender="r@example.com", username="r", password="hidden")
    assert mail.problems() == []
    assert "hidden" not in repr(mail)
    good = NotificationsSettings(portal_url="https://x.example", push_contact="mailto:a@example.com")
    assert good.problems() == []
