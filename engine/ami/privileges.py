"""What an AMI account may do beyond what Ringback needs, told from the actions it is offered.

Asterisk never names an account's rights, but ListCommands names exactly the actions it may use,
each with the classes that permit it. Pure.
Source: Asterisk `main/manager.c` (action_listcommands).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# What calls, chat on desk phones and voicemail use. Anything else can run programmes,
# read files or passwords, or change the PBX.
ALLOWED_CLASSES = frozenset({"originate", "call", "reporting", "message", "user"})

_CLASSES = re.compile(r"\(Priv: ([a-z,<>]*)\)\s*$")


def offered(commands: Mapping[str, str]) -> frozenset[str]:
    """The actions that a reply to ListCommands names; its other headers are none."""
    return frozenset(name for name, description in commands.items() if _CLASSES.search(description))


def excess_classes(commands: Mapping[str, str]) -> list[str]:
    """The classes that only an account with more than ALLOWED_CLASSES can have.

    commands: the reply to ListCommands, a header an action. An action that one of several classes
    permits proves nothing if an allowed one is among them.
    """
    found: set[str] = set()
    for description in commands.values():
        match = _CLASSES.search(description)
        classes = set(match[1].split(",")) - {"all", "<none>", ""} if match else set()
        if classes and not classes & ALLOWED_CLASSES:
            found |= classes
    return sorted(found)
