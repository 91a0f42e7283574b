from __future__ import annotations

from pathlib import Path

import pytest

from engine.simulators.asterisk import SHIPPED_CONFIG
from engine.simulators.asterisk_config import SHIPPED, AsteriskPlan, SipUser, render
from engine.simulators.asterisk_tree import AsteriskTree

TREE = AsteriskTree(("/x/asterisk",), "22.0.0", modules=None, data=None)


def plan(*users: SipUser) -> AsteriskPlan:
    return AsteriskPlan(
        etc=Path("/run/etc"),
        run=Path("/run"),
        users=users,
        carrier=SipUser("carrier", "carrier-secret"),
        sip_port=5070,
        ami_port=5039,
        rtp_ports=(12000, 12400),
        ami_secret="ami-secret",
        ring_s=3,
    )


def test_the_files_an_administrator_copies_are_used_unchanged() -> None:
    files = render(TREE, plan(), SHIPPED_CONFIG)
    for name in SHIPPED:
        renamed = {"manager.conf": "manager.example.conf", "voicemail.conf": "voicemail.example.conf"}
        used = renamed.get(name, name)
        assert files[used] == (SHIPPED_CONFIG / name).read_text(encoding="utf-8")
    assert files["manager.conf"].startswith('#include "manager.example.conf"')
    assert files["voicemail.conf"].startswith('#include "voicemail.example.conf"')
    assert files["extensions.conf"].startswith('#include "extensions.example.conf"')
    assert files["pjsip.conf"].startswith('#include "pjsip.example.conf"')


def test_the_shipped_account_cannot_log_in_until_it_is_given_a_secret() -> None:
    lines = (SHIPPED_CONFIG / "manager.conf").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.replace(" ", "").startswith("secret=")]


def test_every_user_is_endpoint_credentials_and_address() -> None:
    pjsip = render(TREE, plan(SipUser("1001", "s3cret", "Anna Ä.")), SHIPPED_CONFIG)["pjsip.conf"]
    assert '[1001](phone)\nauth = 1001\naors = 1001\ncallerid = "Anna Ä." <1001>\n' in pjsip
    assert "[1001](phone-auth)\nusername = 1001\npassword = s3cret\n" in pjsip
    assert "[1001](phone-aor)\n" in pjsip
    assert "bind = 127.0.0.1:5070" in pjsip


def test_an_installed_asterisk_keeps_its_own_modules_and_sounds() -> None:
    assert "astmoddir" not in render(TREE, plan(), SHIPPED_CONFIG)["asterisk.conf"]
    own = AsteriskTree(("/x/asterisk",), "22.0.0", modules=Path("/x/modules"), data=Path("/x/share"))
    assert "astmoddir => /x/modules\n" in render(own, plan(), SHIPPED_CONFIG)["asterisk.conf"]


@pytest.mark.parametrize(
    ("name", "password", "display_name"),
    [
        ("10\n01", "secret", ""),
        ("1001]", "secret", ""),
        ("1001", "se;cret", ""),
        ("1001", "secret\n[evil]", ""),
        ("1001", "secret", 'Anna" <1>'),
        ("1001", "secret", "Anna\ncontext = all"),
    ],
)
def test_what_would_be_read_as_configuration_is_refused(name: str, password: str, display_name: str) -> None:
    with pytest.raises(ValueError):
        SipUser(name, password, display_name)
