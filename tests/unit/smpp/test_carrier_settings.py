"""What a carrier's settings may not be; every problem at once, the password never shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.clock import SystemClock
from engine.smpp.carrier import BindSettings, Carrier, CarrierSettings, SmscAddress
from engine.smpp.statuses import StatusClass

BIND = BindSettings(hosts=(SmscAddress("smsc.example"),), system_id="me", password="hunter2")
GOOD = CarrierSettings(name="a", binds=(BIND,))


def test_good_settings_have_no_problems_and_the_registered_port() -> None:
    assert GOOD.problems() == []
    assert BIND.hosts[0].port == 2775
    assert BIND.limits().window_pdus == 10


def test_every_problem_is_told_at_once() -> None:
    bad = replace(
        BIND,
        hosts=(SmscAddress("x", 0),),
        window_pdus=0,
        password="longer than eight",
        response_timeout_s=0,
        enquire_link_every_s=float("nan"),
    )
    settings = CarrierSettings(
        name="a",
        binds=(bad, bad),
        rate_per_s=0,
        throttle_pause_s=0,
        queue_full_pause_s=500,
        status_classes={0x45: StatusClass.OK},
    )
    text = "\n".join(settings.problems())
    for word in (
        "bind 1 is there twice",
        "rate_per_s",
        "throttle_pause_s",
        "queue_full_pause_s",
        "0x45",
        "port 0",
        "window_pdus",
        "password must be ASCII, at most 8",
        "response_timeout_s",
        "enquire_link_every_s",
    ):
        assert word in text
    assert "longer than eight" not in text


def test_a_carrier_does_not_start_on_bad_settings() -> None:
    with pytest.raises(ValueError, match="at least one bind"):
        Carrier(CarrierSettings(name="a", binds=()), None, SystemClock())  # type: ignore[arg-type]


def test_the_password_is_in_no_representation() -> None:
    assert "hunter2" not in repr(GOOD) + repr(BIND.bind_request())
