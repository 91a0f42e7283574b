"""CSV as Google, Outlook and we write it; and cells that a spreadsheet must not run."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contacts.csv_file import csv_header, csv_line, read_csv
from engine.contacts.models import Contact, ContactNumber, CreateContact, NumberDraft
from engine.errors import InvalidRequest

GOOGLE = (
    "First Name,Middle Name,Last Name,Organization Name,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,"
    "Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value\r\n"
    'Grace,Brewster,Hopper,Navy,"two\nlines",* starred ::: * myContacts,* Work,'
    "g@example.com ::: h@example.com,Work,+12025550177 ::: +12025550178,* Mobile,(202) 555-0179\r\n"
)
OLD_GOOGLE = (
    "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,"
    "Phone 1 - Value,Organization 1 - Name\nAda Lovelace,Ada,Lovelace,* myContacts,*,a@example.com,Home,"
    "020 7946 0018,Engines\n"
)
OUTLOOK = (
    '"First Name";"Last Name";"Company";"E-mail Address";"Business Phone";"Home Phone";'
    '"Mobile Phone";"Notes"\n'
    '"Edsger";"Dijkstra";"THE";"e@example.nl";"020 555 0188";"";"06 12345678";""\n'
)


def read(text: str) -> list[CreateContact]:
    return [entry.contact for entry in read_csv(text)]


def test_a_google_export_is_read() -> None:
    assert read(GOOGLE) == [
        CreateContact(
            name="Grace Brewster Hopper",
            company="Navy",
            email="g@example.com",
            notes="two\nlines",
            favourite=True,
            numbers=(
                NumberDraft(label="Work", number="+12025550177"),
                NumberDraft(label="Work", number="+12025550178"),
                NumberDraft(label="Mobile", number="(202) 555-0179", is_default=True),
            ),
        )
    ]


def test_an_older_google_export_is_read() -> None:
    (ada,) = read(OLD_GOOGLE)
    assert (ada.name, ada.company, ada.email, ada.favourite) == (
        "Ada Lovelace", "Engines", "a@example.com", False,
    )  # fmt: skip
    assert ada.numbers == (NumberDraft(label="Home", number="020 7946 0018"),)


def test_an_outlook_export_with_semicolons_and_a_mark_of_its_order_is_read() -> None:
    (edsger,) = read("\ufeff" + OUTLOOK)
    assert (edsger.name, edsger.company, edsger.email) == ("Edsger Dijkstra", "THE", "e@example.nl")
    assert [(number.label, number.number) for number in edsger.numbers] == [
        ("work", "020 555 0188"),
        ("mobile", "06 12345678"),
    ]


def test_an_entry_says_at_which_line_it_begins() -> None:
    text = 'Name,Phone,Notes\nA,1,"x\ny"\n\nB,2\nC,3,,,,too many\n'
    assert [(entry.place, entry.contact.name) for entry in read_csv(text)] == [(2, "A"), (5, "B"), (6, "C")]


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "\x00", "{}", "no,columns,known\n1,2,3\n",
        'Name\n"open', 'Name\n"a"b\n', "Name\n" + "x" * 200_000,
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_whole(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        list(read_csv(text))
    assert refused.value.code == "import_unreadable"
    assert "x" * 20 not in refused.value.detail


def contact(**fields: object) -> Contact:
    plain = Contact("cont_1", "dom_1", None, "Grace", "", "", "", (), 0, 0)
    return dataclasses.replace(plain, **fields)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x", " =1", "\u3000＝1",
        "'=1", "''=1", "=HYPERLINK(\"http://x\")", "=cmd|' /C calc'!A0", "\n=1",
    ],
)  # fmt: skip
def test_a_formula_leaves_as_text_and_comes_back_as_it_was(cell: str) -> None:
    text = csv_header(1) + csv_line(contact(name=cell, notes=cell), 1)
    for written in list(csv.reader(io.StringIO(text, newline="")))[1]:
        assert written.strip()[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠")
        assert written[:1] not in ("\t", "\r", "\n")
    (back,) = read(text)
    assert back.notes == cell.strip() or back.notes == cell


def test_an_export_reads_back_with_labels_and_default() -> None:
    numbers = (
        ContactNumber("mobile", "+12025550177", "(202) 555-0177", None, False),
        ContactNumber("desk", None, "102", "usr_1", True, "102"),
    )
    grace = contact(company='Na"vy, US', email="g@example.com", numbers=numbers, favourite=True)
    text = csv_header(3) + csv_line(grace, 3) + csv_line(contact(name="Ada"), 3)
    assert text.count("\r\n") == 3
    back, ada = read(text)
    assert (back.company, back.email, back.favourite) == ('Na"vy, US', "g@example.com", True)
    assert back.numbers == (
        NumberDraft(label="mobile", number="+12025550177"),
        NumberDraft(label="desk", number="102", is_default=True),
    )
    assert ada == CreateContact(name="Ada")


_LINES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


@given(name=_LINES, company=_LINES, notes=st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_any_text_survives_the_way_out_and_back(name: str, company: str, notes: str) -> None:
    # As they are stored: without blanks around them, and a name is never empty.
    name, company, notes = name.strip() or "x", company.strip(), notes.strip()
    text = csv_header(0) + csv_line(contact(name=name, company=company, notes=notes), 0)
    (back,) = read(text)
    assert (back.name, back.company, back.notes) == (name, company, notes)
