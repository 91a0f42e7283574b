"""What a file is by its name and header, and what is left of its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.attachments.kinds import KINDS, MOST_NAME_OCTETS, clean_name, kind_of
from engine.attachments.settings import AttachmentSettings
from engine.errors import InvalidRequest


@pytest.mark.parametrize(
    ("filename", "header", "content_type"),
    [
        ("a.jpg", None, "image/jpeg"),
        ("a.JPEG", "image/pjpeg", "image/jpeg"),
        ("a.b.png", "image/png; charset=x", "image/png"),
        ("a.csv", "application/vnd.ms-excel", "text/csv"),
        ("a.webm", "audio/webm;codecs=opus", "audio/webm"),
        ("a.webm", "video/webm", "video/webm"),
        ("a.mp4", "audio/mp4", "audio/mp4"),
        ("a.pdf", "application/octet-stream", "application/pdf"),
        ("page.html.txt", "text/plain", "text/plain"),
    ],
)
def test_name_and_header_say_what_it_is(filename: str, header: str | None, content_type: str) -> None:
    assert kind_of(filename, header).content_type == content_type


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("a.svg", "image/png"),
        ("a.png", "image/svg+xml"),
        ("a.png", "text/html"),
        ("a.txt", "text/html"),
        ("a.txt.html", "text/plain"),
        ("a", "image/png"),
        ("a.", "image/png"),
        ("png", "image/png"),
        ("a.exe", None),
        ("a.doc", "application/msword"),
        ("a.zip", "application/zip"),
    ],
)
def test_what_does_not_agree_or_is_not_in_the_table_is_refused(filename: str, header: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        kind_of(filename, header)
    assert refused.value.code == "attachment_type_not_allowed"


def test_a_domain_that_takes_pictures_only_takes_pictures_only() -> None:
    assert kind_of("a.png", None, ["image/png"]).content_type == "image/png"
    with pytest.raises(InvalidRequest):
        kind_of("a.pdf", None, ["image/png"])


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("C:\\Users\\ann\\plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("  .hidden.png. ", "hidden.png"),
        ("line\r\nbreak\x00.txt", "linebreak.txt"),
        ("cod\u202egpj.exe", "codgpj.exe"),
        ("e\u0301.txt", "é.txt"),
        ("x" * 300 + ".jpeg", "x" * (MOST_NAME_OCTETS - 5) + ".jpeg"),
        ("日" * 100 + ".txt", "日" * 65 + ".txt"),
        ("a\x00\u0301.txt", "\u00e1.txt"),
        ("a" * 199 + " b", "a" * 199),
    ],
)
def test_a_name_is_made_harmless(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@pytest.mark.parametrize("given_name", ["", "/", "...", "\u202e", "folder/"])
def test_a_name_of_which_nothing_is_left_is_refused(given_name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        clean_name(given_name)
    assert refused.value.field == "/filename"


@given(st.text(max_size=400))
def test_whatever_is_left_of_a_name_is_short_printable_and_stays_where_it_is(given_name: str) -> None:
    try:
        kept = clean_name(given_name)
    except InvalidRequest:
        return
    assert 0 < len(kept.encode()) <= MOST_NAME_OCTETS
    assert not {"/", "\\", "\n", "\r", "\0", "\u202e"} & set(kept)
    assert clean_name(kept) == kept


def test_settings_name_what_is_wrong_with_them() -> None:
    wrong = AttachmentSettings(
        storage="s3", s3_access_key_id="key", content_types=("image/svg+xml",), max_octets=0
    )
    assert [line.partition(":")[0] for line in wrong.problems()] == [
        "s3_bucket",
        "s3_access_key_id",
        "content_types",
        "max_octets",
    ]
    everything = tuple(kind.content_type for kind in KINDS)
    assert AttachmentSettings(content_types=everything).problems() == []
    assert "hidden" not in repr(AttachmentSettings(s3_secret_access_key="hidden"))
