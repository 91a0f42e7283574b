"""The events an AMI link hands on; all others are skipped before they are decoded."""

from __future__ import annotations

from engine.ami.tracked_call import TRACKED_EVENTS

# What lists are made of and end with; without them no CoreShowChannels is ever complete.
LIST_EVENTS = frozenset({"CoreShowChannel", "CoreShowChannelsComplete", "Status", "StatusComplete"})
# The state of the PBX itself; class system, so an account may lack them.
LINK_EVENTS = frozenset({"FullyBooted", "Shutdown"})

WANTED_EVENTS = TRACKED_EVENTS | LIST_EVENTS | LINK_EVENTS
