"""SIP messages as text: parsing, answering, digest passwords, and an SDP without sound.

Pure. Knows what an Asterisk on this machine sends and no more: UDP, full header names.
Source: RFC 3261 §7, §8.2.6 (answers), §22 (digest); RFC 4566 (SDP).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

HOST = "127.0.0.1"
#: Nobody sends sound there; Asterisk's is dropped by the kernel.
_DISCARD_PORT = 9

_TAG = re.compile(r";tag=([^;>\s]+)")
_URI_USER = re.compile(r"<?sips?:([^@>;]+)@")
_QUOTED = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 481: "Call Does Not Exist", 487: "Terminated"}


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request or an answer. start: its first line; headers in the order they came."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> SipMessage:
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(start, [(name.strip().lower(), value.strip()) for name, _, value in pairs], body)

    def to_bytes(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()

    def get(self, name: str) -> str:
        """The first header of that lower-case name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def status(self) -> int:
        """The code of an answer; 0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/") else 0

    @property
    def method(self) -> str:
        """Of a request, or of the request that is answered."""
        return self.get("cseq").rpartition(" ")[2] if self.status else self.start.partition(" ")[0]

    @property
    def branch(self) -> str:
        """What tells one transaction from another."""
        return self.get("via").partition("branch=")[2].partition(";")[0]


def answer_to(
    request: SipMessage,
    code: int,
    *,
    tag: str = "",
    more: Iterable[tuple[str, str]] = (),
    body: str = "",
) -> SipMessage:
    """tag: ours, put into To unless it is there already."""
    to = request.get("to")
    if tag and not _TAG.search(to):
        to = f"{to};tag={tag}"
    headers = [*(("Via", via) for via in request.all("via")), ("From", request.get("from")), ("To", to)]
    headers += [("Call-ID", request.get("call-id")), ("CSeq", request.get("cseq")), *more]
    return SipMessage(f"SIP/2.0 {code} {_REASONS.get(code, 'Answer')}", headers, body)


def tag_of(address: str) -> str:
    found = _TAG.search(address)
    return found[1] if found else ""


def user_of(address: str) -> str:
    """The user part of the first SIP address in a header."""
    found = _URI_USER.search(address)
    return found[1] if found else ""


def uri_of(address: str) -> str:
    """The address itself, without name and header parameters."""
    return address.partition("<")[2].partition(">")[0] if "<" in address else address.partition(";")[0]


def new_token() -> str:
    return os.urandom(6).hex()


def credentials(challenge: SipMessage, user: str, password: str, uri: str) -> tuple[str, str]:
    """The header that answers a 401 or 407."""
    offers = challenge.all("www-authenticate") + challenge.all("proxy-authenticate")
    parsed = [{name: a or b for name, a, b in _QUOTED.findall(offer)} for offer in offers]
    asked = next(one for one in parsed if one.get("algorithm", "MD5").upper() == "MD5")
    realm, nonce, cnonce = asked["realm"], asked["nonce"], new_token()
    who, what = _md5(f"{user}:{realm}:{password}"), _md5(f"{challenge.method}:{uri}")
    proof = _md5(f"{who}:{nonce}:00000001:{cnonce}:auth:{what}")
    value = (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{proof}", algorithm=MD5, cnonce="{cnonce}", qop=auth, nc=00000001'
    )
    if "opaque" in asked:
        value += f', opaque="{asked["opaque"]}"'
    return ("Authorization" if challenge.status == 401 else "Proxy-Authorization", value)


def silent_sdp() -> str:
    """An offer or answer of one G.711 stream that leads nowhere."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
        f"m=audio {_DISCARD_PORT} RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
