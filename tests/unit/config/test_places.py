"""Lines of keys in TOML, past everything that only looks like a key."""

from __future__ import annotations

import tomllib

from config.places import find_places

TEXT = '''\
# [server]
[server]
port = 1  # port = 2
"quoted key" = "a = b"
text = """
fake = 1
[fake]
"""
list = [
  "x = [",  # ]
  "y",
]
inline = { a = 1, b = 2 }

[[carrier]]
name = "one"
[[carrier]]
  name = 'two # '
[[carrier.bind]]
kind = "x"
[a.b]
c.d = 1
'''


def test_every_key_has_its_line() -> None:
    tomllib.loads(TEXT)
    assert find_places(TEXT) == {
        ("server",): 2,
        ("server", "port"): 3,
        ("server", "quoted key"): 4,
        ("server", "text"): 5,
        ("server", "list"): 9,
        ("server", "inline"): 13,
        ("carrier", 0): 15,
        ("carrier", 0, "name"): 16,
        ("carrier", 1): 17,
        ("carrier", 1, "name"): 18,
        ("carrier", 1, "bind", 0): 19,
        ("carrier", 1, "bind", 0, "kind"): 20,
        ("a", "b"): 21,
        ("a", "b", "c", "d"): 22,
    }
