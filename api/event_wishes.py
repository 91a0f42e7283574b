"""What a reader of the event socket may say: where it goes on, and what its page is used for."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.notifications.models import ScreenState


class Subscribe(msgspec.Struct, forbid_unknown_fields=True, tag="subscribe", tag_field="type"):
    """Continue after this cursor; without one, from now."""

    cursor: Annotated[dict[str, int], msgspec.Meta(max_length=101)] | None = None


class Activity(msgspec.Struct, forbid_unknown_fields=True, tag="activity", tag_field="type"):
    """What the reader's page is used for right now, and which conversation it shows, if one."""

    state: ScreenState
    conversation_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Notified(msgspec.Struct, forbid_unknown_fields=True, tag="notified", tag_field="type"):
    """The reader's page shows the notification with this id."""

    id: Annotated[str, msgspec.Meta(max_length=64)]


_DECODER: msgspec.json.Decoder[Subscribe | Activity | Notified] = msgspec.json.Decoder(
    Subscribe | Activity | Notified
)


def wish_of(frame: str) -> Subscribe | Activity | Notified:
    """What a text frame asks for. Raises ValueError for anything else."""
    return _DECODER.decode(frame)
