"""The events an AMI link hands on; all others are skipped before they are decoded."""

from __future__ import annotations

from engine.ami.desk_texts import TEXT_EVENTS
from engine.ami.lines import LINE_EVENTS
from engine.ami.presence import DEVICE_EVENTS
from engine.ami.tracked_call import TRACKED_EVENTS
from engine.ami.voicemail import MAILBOX_EVENTS, SUMMARY_EVENTS

# What lists are made of and end with; without them no CoreShowChannels is ever complete.
LIST_EVENTS = frozenset(
    {
        *("CoreShowChannel", "CoreShowChannelsComplete", "Status", "StatusComplete"),
        *("DeviceStateListComplete", "ExtensionStateListComplete", "PresenceStateListComplete"),
        *("ContactList", "ContactListComplete"),
    }
)
# The state of the PBX itself; class system, so an account may lack them.
LINK_EVENTS = frozenset({"FullyBooted", "Shutdown"})

WANTED_EVENTS = frozenset().union(
    TRACKED_EVENTS,
    LINE_EVENTS,
    DEVICE_EVENTS,
    LIST_EVENTS,
    LINK_EVENTS,
    TEXT_EVENTS,
    MAILBOX_EVENTS,
    SUMMARY_EVENTS,
)
