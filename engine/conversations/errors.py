"""What threads refuse, each with the code the API and the portal know it by."""

from __future__ import annotations

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, RateLimited


def no_such_conversation() -> NotFound:
    """The same for a missing thread, another tenant's, and a chat of others."""
    return NotFound("There is no such conversation.")


def no_such_message() -> NotFound:
    return NotFound("There is no such message.")


def no_such_user(field: str) -> NotFound:
    return NotFound("There is no such user.", field=f"/{field}")


def no_such_contact(field: str) -> NotFound:
    return NotFound("There is no such contact.", field=f"/{field}")


def no_such_member() -> NotFound:
    return NotFound("Nobody like that is in the conversation.")


def no_such_domain() -> NotFound:
    return NotFound("There is no such domain.")


def no_such_extension(field: str) -> InvalidRequest:
    return InvalidRequest(
        "No user of the domain has this extension.", code="no_such_extension", field=f"/{field}"
    )


def invalid(field: str, sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, field=f"/{field}")


def mixed() -> InvalidRequest:
    return InvalidRequest(
        "Users chat, outside numbers get texts, and one conversation does not do both."
        " Start one with the users and another one with the numbers.",
        code="mixed_conversation",
        field="/to",
    )


def user_disabled(field: str) -> Conflict:
    return Conflict("The user is disabled and would never read it.", code="user_disabled", field=f"/{field}")


def user_required() -> Forbidden:
    return Forbidden("This belongs to one user. Ask with that user's own credential.", code="no_user")


def not_yourself() -> Forbidden:
    return Forbidden("You cannot act for another user.", code="forbidden", field="/user_id")


def number_not_assigned() -> Forbidden:
    return Forbidden("This number is not assigned to you.", code="number_not_assigned", field="/from")


def no_number() -> Forbidden:
    return Forbidden(
        "No number that can send texts is assigned to you.", code="number_not_assigned", field="/from"
    )


def sms_disabled() -> Forbidden:
    return Forbidden(
        "Texting is switched off for this number, its domain or its user.", code="sms_disabled", field="/from"
    )


def sms_disabled_for_user() -> Forbidden:
    return Forbidden("Texting is switched off for this user.", code="sms_disabled_for_user", field="/from")


def not_texts() -> Conflict:
    return Conflict("This conversation is not a text thread.", code="not_an_sms_conversation")


def already_claimed() -> Conflict:
    return Conflict("Somebody else has this conversation. Read who, and ask them.", code="already_claimed")


def not_on_number() -> InvalidRequest:
    return InvalidRequest(
        "The number of this conversation is not assigned to that user.",
        code="not_on_number",
        field="/user_id",
    )


def direct_chat() -> Conflict:
    return Conflict(
        "A chat of two has no one to leave it to. Delete it for yourself, or mute it.", code="direct_chat"
    )


def last_member() -> Conflict:
    return Conflict(
        "Nobody else gets the texts of this conversation. Delete it for yourself, or mute it.",
        code="last_member",
    )


def last_peer() -> Conflict:
    return Conflict(
        "This is the only number of the conversation. Delete the conversation for yourself instead.",
        code="last_member",
    )


def client_id_reused() -> Conflict:
    return Conflict(
        "This client_id was used before for another message. Make a new one for each.",
        code="client_id_reused",
        field="/client_id",
    )


def not_movable() -> Conflict:
    return Conflict(
        "Only a text that came in can be moved, to a conversation over the same number of yours that"
        " its sender is in.",
        code="not_movable",
    )


def typing_too_often() -> RateLimited:
    return RateLimited("Nobody types in so many places at once.", retry_after_s=10)


def no_such_reply() -> InvalidRequest:
    return InvalidRequest("The message to reply to is not in this chat.", field="/reply_to")


def not_a_chat_message() -> Conflict:
    return Conflict(
        "A text has left for its number: it can be neither changed nor taken back, and takes no reactions.",
        code="not_a_chat_message",
    )


def not_your_message() -> Forbidden:
    return Forbidden("Somebody else said this.", code="not_your_message")


def message_deleted() -> Conflict:
    return Conflict("The message has been taken back.", code="message_deleted")


def too_late_to_edit() -> Conflict:
    return Conflict("This was said too long ago to be changed.", code="too_late_to_edit")


def not_an_emoji() -> InvalidRequest:
    return InvalidRequest("A reaction is one emoji.", code="not_an_emoji", field="/emoji")


def too_many_reactions() -> Conflict:
    return Conflict("There is no room for another reaction on this message.", code="too_many_reactions")
