from __future__ import annotations

from engine.sip.phones import parse_headers

# After RFC 3261 §24.2, with a folded header (§7.3.1) and a second Via.
INVITE = (
    "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP server10.biloxi.example.com;branch=z9hG4bK4b43c2ff8.1\r\n"
    "Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8\r\n"
    "Subject: I know you're there,\r\n pick up the phone\r\n"
    "From: Alice <sip:alice@atlanta.example.com>;tag=1928301774\r\n"
    "Call-Info: <sip:127.0.0.1>;answer-after=0\r\n"
    "CONTENT-LENGTH: 9\r\n"
    "\r\n"
    "To: not a header\r\n"
)


def test_headers_are_found_by_lower_case_name_first_one_first() -> None:
    headers = parse_headers(INVITE)
    assert headers["from"] == "Alice <sip:alice@atlanta.example.com>;tag=1928301774"
    assert headers["via"].startswith("SIP/2.0/UDP server10")
    assert headers["call-info"] == "<sip:127.0.0.1>;answer-after=0"
    assert headers["content-length"] == "9"


def test_folded_lines_are_joined() -> None:
    assert parse_headers(INVITE)["subject"] == "I know you're there, pick up the phone"


def test_the_body_is_no_header() -> None:
    assert "to" not in parse_headers(INVITE)
