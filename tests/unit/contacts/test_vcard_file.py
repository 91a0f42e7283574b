"""vCards as phones and address books write them, and ours."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contacts.models import Contact, ContactNumber, CreateContact, Entry, Flaw, NumberDraft
from engine.contacts.vcard_file import read_vcards, write_vcard
from engine.errors import InvalidRequest

#: RFC 6350 §8, the author's own card, with two of its properties folded.
FROM_THE_RFC = """BEGIN:VCARD
VERSION:4.0
FN:Simon Perreault
N:Perreault;Simon;;;ing. jr,M.Sc.
BDAY:--0203
ANNIVERSARY:20090808T1430-0500
GENDER:M
LANG;PREF=1:fr
ORG;TYPE=work:Viagenie
ADR;TYPE=work:;Suite D2-630;2875 Laurier;
 Quebec;QC;G1V 2M2;Canada
TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+1-418-656-9254;ext=102
TEL;VALUE=uri;TYPE="work,cell,voice,video,text":tel:+1-418-262-6501
EMAIL;TYPE=work:simon.perreault@viagenie.ca
GEO;TYPE=work:geo:46.772673,-71.282945
END:VCARD
"""
APPLE = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 17.0//EN\r\nN:Hopper;Grace;Brewster;;\r\n"
    "FN:Grace Hopper\r\nORG:Navy\\, US;Research;\r\nitem1.EMAIL;type=INTERNET;type=pref:grace@example.com\r\n"
    "TEL;type=CELL;type=VOICE;type=pref:(202) 555-0177\r\nitem2.TEL:+1 202 555 0178\r\n"
    "item2.X-ABLabel:_$!<Assistant>!$_\r\nitem3.TEL:+12025550179\r\nitem3.X-ABLabel:Boat\r\n"
    "NOTE:one\\ntwo\\; three\r\nPHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 5_000 + "\r\n  BBBB\r\nEND:VCARD\r\n"
)


def read(text: str) -> list[Entry | Flaw]:
    return list(read_vcards(text))


def only(text: str) -> CreateContact:
    (entry,) = read(text)
    assert isinstance(entry, Entry), entry
    return entry.contact


def test_the_card_of_the_standard_is_read() -> None:
    card = only(FROM_THE_RFC)
    assert (card.name, card.company, card.email) == (
        "Simon Perreault", "Viagenie", "simon.perreault@viagenie.ca",
    )  # fmt: skip
    assert card.numbers == (
        NumberDraft(label="work", number="+1-418-656-9254", is_default=True),
        NumberDraft(label="mobile", number="+1-418-262-6501"),
    )


def test_a_phones_card_is_read() -> None:
    assert only(APPLE) == CreateContact(
        name="Grace Hopper",
        company="Navy, US",
        email="grace@example.com",
        notes="one\ntwo; three",
        numbers=(
            NumberDraft(label="mobile", number="(202) 555-0177", is_default=True),
            NumberDraft(label="assistant", number="+1 202 555 0178"),
            NumberDraft(label="Boat", number="+12025550179"),
        ),
    )


def test_a_name_in_parts_alone_is_put_together() -> None:
    assert only("BEGIN:VCARD\nVERSION:3.0\nN:Hopper;Grace;B.;;\nEND:VCARD").name == "Grace B. Hopper"


def test_a_fold_may_cut_anywhere() -> None:
    text = FROM_THE_RFC.replace("FN:Simon Perreault", "FN:Si\n mon\n\t Perreault")
    assert only(text).name == "Simon Perreault"


def test_one_bad_card_costs_no_other() -> None:
    good = "BEGIN:VCARD\nVERSION:4.0\nFN:Ada\nEND:VCARD\n"
    old = "BEGIN:VCARD\nVERSION:2.1\nFN:Old\nEND:VCARD\n"
    broken = "BEGIN:VCARD\nVERSION:3.0\nFN:Bad\nthis is no property\nEND:VCARD\n"
    quoted = "BEGIN:VCARD\nVERSION:3.0\nFN;ENCODING=QUOTED-PRINTABLE:=C3=A4\nEND:VCARD\n"
    found = read(good + old + broken + good + quoted)
    assert [one.contact.name if isinstance(one, Entry) else (one.place, one.code) for one in found] == [
        "Ada",
        (5, "vcard_version"),
        (9, "vcard_malformed"),
        "Ada",
        (18, "vcard_malformed"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "FN:outside",
        "BEGIN:VCARD\nVERSION:4.0\nFN:cut off",
        "BEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        "Name,Phone\nAda,1\n",
    ],
)
def test_what_is_no_such_file_is_refused_whole(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(text)
    assert refused.value.code == "import_unreadable"


def contact(**fields: object) -> Contact:
    numbers = (
        ContactNumber("mobile", "+12025550177", "(202) 555-0177", None, False),
        ContactNumber("Boat; wet, old", "+12025550178", "x", None, True),
        ContactNumber("desk", None, "102", "usr_1", False, "102"),
    )
    plain = Contact("cont_1", "dom_1", None, "Grace", "Navy", "g@example.com", "", numbers, 0, 0)
    return dataclasses.replace(plain, **fields)


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_our_card_reads_back(version: str) -> None:
    back = only(write_vcard(contact(), version))
    assert (back.name, back.company, back.email) == ("Grace", "Navy", "g@example.com")
    assert back.numbers == (
        NumberDraft(label="mobile", number="+12025550177"),
        NumberDraft(label="Boat; wet, old", number="+12025550178", is_default=True),
        NumberDraft(label="desk", number="102"),
    )


def test_our_card_is_the_standards_to_the_letter() -> None:
    written = write_vcard(contact(numbers=contact().numbers[:1]), "4.0")
    assert written == (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:cont_1\r\nFN:Grace\r\nN:;Grace;;;\r\nORG:Navy\r\n"
        "EMAIL:g@example.com\r\nTEL;VALUE=uri;TYPE=cell:tel:+12025550177\r\nEND:VCARD\r\n"
    )


_LINES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=120)


@given(
    name=_LINES, notes=st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), max_size=300)
)
def test_any_text_survives_and_adds_no_line(name: str, notes: str) -> None:
    for version in ("3.0", "4.0"):
        written = write_vcard(contact(name=name, company="", numbers=(), notes=notes), version)
        assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
        properties = [line.partition(":")[0] for line in written.split("\r\n") if line[:1] not in ("", " ")]
        assert set(properties) <= {"BEGIN", "VERSION", "UID", "FN", "N", "EMAIL", "NOTE", "END"}
        back = only(written)
        assert (back.name or "x", back.notes) == (name, notes)
