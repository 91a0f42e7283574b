"""Forms with a file that are wrong in every way: only answers that are described, nothing left on disk."""

from __future__ import annotations

from pathlib import PurePath
from random import Random

import pytest

from tests.fuzz.mutation import Mutator
from tests.integration.api.client import Answer
from tests.integration.api.test_attachments import kept_files
from tests.integration.api.world import Tenant, World

_SEED = 20_310
#: Forms that are almost right, for each of so many tests.
_FORMS = 50
_TESTS = 3
TYPE = 'multipart/form-data; boundary="b"'
WORDS = b"The quick brown fox.\n"


def part(head: bytes, body: bytes = WORDS) -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + body + b"\r\n"


def named(name: bytes, more: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="file"; filename="' + name + b'"' + more


END = b"--b--\r\n"
FILE = part(named(b"a.txt", b"\r\nContent-Type: text/plain"))
FIELD = part(b'Content-Disposition: form-data; name="note"', b"words")

#: Content-Type, body, and what is answered.
FORMS: dict[str, tuple[str, bytes, tuple[int, str | None]]] = {
    "as it should be": (TYPE, FILE + END, (201, None)),
    "words before and behind": (TYPE, b"before\r\n" + FILE + END + b"behind", (201, None)),
    "the same file twice": (TYPE, FILE + FILE + END, (201, None)),
    "a field behind the file": (TYPE, FILE + FIELD + END, (201, None)),
    "a type in capitals": ("Multipart/Form-Data; BOUNDARY=b", FILE + END, (201, None)),
    "nothing": (TYPE, b"", (400, "upload_incomplete")),
    "no part": (TYPE, END, (415, "unsupported_media_type")),
    "an empty part": (TYPE, part(named(b"a.txt"), b"") + END, (422, "attachment_unreadable")),
    "a field before the file": (TYPE, FIELD + FILE + END, (422, "invalid_input")),
    "no name": (TYPE, part(b'Content-Disposition: form-data; name="file"') + END, (422, "invalid_input")),
    "no headers": (TYPE, part(b"X: y") + END, (422, "invalid_input")),
    "an empty name": (TYPE, part(named(b"")) + END, (422, "invalid_input")),
    "a name longer than a file system takes": (TYPE, part(named(b"a" * 5_000 + b".txt")) + END, (201, None)),
    "a name longer than headers": (
        TYPE,
        part(named(b"a" * 20_000 + b".txt")) + END,
        (400, "upload_incomplete"),
    ),
    "a way up": (TYPE, part(named(b"../../../etc/cron.d/a.txt")) + END, (201, None)),
    "NUL in a name": (TYPE, part(named(b"a\0.txt")) + END, (400, "upload_incomplete")),
    "a name that is no UTF-8": (TYPE, part(named(b"a\xff\xfe.txt")) + END, (201, None)),
    "a name with a line in it": (TYPE, part(named(b"a%0d%0aX-Evil: 1.txt")) + END, (201, None)),
    "a name in an unknown charset": (
        TYPE,
        part(b"Content-Disposition: form-data; name=file; filename*=klingon''a.txt") + END,
        (201, None),
    ),
    "a name that is a program's": (TYPE, part(named(b"a.exe")) + END, (422, "attachment_type_not_allowed")),
    "a file that says it is a picture": (
        TYPE,
        part(named(b"a.png", b"\r\nContent-Type: image/png")) + END,
        (422, "attachment_unreadable"),
    ),
    "many headers": (TYPE, part(named(b"a.txt") + b"\r\nX: y" * 3_000) + END, (400, "upload_incomplete")),
    "base64": (
        TYPE,
        part(named(b"a.txt", b"\r\nContent-Transfer-Encoding: base64"), b"d29yZHM=") + END,
        (415, "unsupported_media_type"),
    ),
    "compressed": (
        TYPE,
        part(named(b"a.txt", b"\r\nContent-Encoding: gzip")) + END,
        (415, "unsupported_media_type"),
    ),
    "a form in a form": (
        TYPE,
        part(b"Content-Type: multipart/mixed; boundary=c", b"--c\r\n\r\nx\r\n--c--") + END,
        (415, "unsupported_media_type"),
    ),
    "a lot behind the file": (TYPE, FILE + part(named(b"b.txt"), b"x" * 100_000) + END, (415, None)),
    "no end": (TYPE, FILE, (400, "upload_incomplete")),
    "an end within the file": (TYPE, FILE[:-8], (400, "upload_incomplete")),
    "an end within the headers": (TYPE, FILE[:20], (400, "upload_incomplete")),
    "another boundary": ("multipart/form-data; boundary=c", FILE + END, (400, "upload_incomplete")),
    "no boundary": ("multipart/form-data", FILE + END, (400, "upload_incomplete")),
    "an empty boundary": ("multipart/form-data; boundary=", FILE + END, (400, "upload_incomplete")),
    "a boundary that is too long": (
        f"multipart/form-data; boundary={'b' * 71}",
        FILE + END,
        (400, "upload_incomplete"),
    ),
    "another kind of form": ("multipart/mixed; boundary=b", FILE + END, (422, "invalid_input")),
    "no form at all": (TYPE, b"\x00" * 5_000, (400, "upload_incomplete")),
    "ends of lines of another kind": (TYPE, (FILE + END).replace(b"\r\n", b"\n"), (400, "upload_incomplete")),
}

# The engine's logging leaves these out.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:aiohttp.multipart")


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def sent(world: World, acme: Tenant, content_type: str, body: bytes) -> Answer:
    """The answer, which the description has; of what was taken there is one file more, else none."""
    before = set(kept_files(world))
    answer = await world.client.ask(
        "POST", "/v1/attachments", secret=acme.tokens[0], raw=body, headers={"Content-Type": content_type}
    )
    new = [PurePath(one).name for one in set(kept_files(world)) - before]
    assert new == ([answer.body["id"]] if answer.status == 201 else []), (content_type, body)
    if answer.status == 201:
        got = await world.client.get(f"/v1/attachments/{answer.body['id']}/content", acme.tokens[0])
        assert (got.status, len(got.raw)) == (200, answer.body["octets"])
        assert "/" not in answer.body["filename"]
        assert answer.body["filename"].isprintable()
    return answer


@pytest.mark.parametrize("what", FORMS)
async def test_a_form_is_taken_or_refused_with_a_reason(world: World, acme: Tenant, what: str) -> None:
    content_type, body, (status, code) = FORMS[what]
    answer = await sent(world, acme, content_type, body)
    assert (answer.status, answer.code if status != 201 and code else code) == (status, code), answer.body


@pytest.mark.parametrize("number", range(_TESTS))
async def test_forms_that_are_almost_right_do_no_harm(world: World, acme: Tenant, number: int) -> None:
    corpus = [body for _, body, _ in FORMS.values() if len(body) < 1_000]
    tokens = [b"\r\n", b"--b", b"--b--", b"\r\n\r\n", b'"', b";", b"filename", b"=", b"\0", b"--", b":", END]
    forms = Mutator(corpus, tokens, Random(_SEED + number))
    statuses = set()
    for _ in range(_FORMS):
        answer = await sent(world, acme, TYPE, bytes(forms.next()))
        assert answer.status < 500, answer.body
        statuses.add(answer.status)
    assert {201, 400, 422} <= statuses
