"""Safe builders of AMI actions: nothing a caller writes can become a header or code.

Pure: builds text, sends nothing. Application and Data are never built, a variable's name
always comes from the list below, and a value with a control character is refused, never cleaned.
Source: Asterisk `main/manager.c` (header and Variable syntax), AST-2010-002 (Exten injection).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from engine.errors import InvalidRequest

# Contexts of the dialplan snippet in config/asterisk that ring every contact of an
# endpoint, and that ask the person who answered to accept.
ALL_DEVICES_CONTEXT = "ringback-all-devices"
ACCEPT_CONTEXT = "ringback-accept"

# Asterisk reads an action line into 1,024 bytes and drops a longer one.
_LINE_OCTETS = 1000
# AST_MAX_EXTENSION: longer names are cut by the channel driver.
_NAME_CHARACTERS = 80
# An hour: nobody lets a phone ring longer, and Asterisk's own limit is an int of milliseconds.
_LONGEST_TIMEOUT_MS = 3_600_000

# C0, DEL, C1, the Unicode line ends, and lone surrogates, which UTF-8 cannot carry.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENDPOINT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_EXTEN = re.compile(r"\+?[0-9*#]{1,32}")
_CONTEXT = re.compile(r"[A-Za-z0-9_.-]{1,79}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
# The far half of a Local channel is named after the near one: "<id>;2".
_ANY_UNIQUEID = re.compile(r"[A-Za-z0-9_.;-]{1,149}")
_PRESENCE_NAME = re.compile(r"CustomPresence:[A-Za-z0-9_.-]{1,100}")
_DEVICE_NAME = re.compile(r"Custom:[A-Za-z0-9_.-]{1,100}")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Flow(StrEnum):
    """How leg a is rung."""

    DIRECT = "direct"  # one contact of the endpoint; auto-answer and true causes
    ALL_DEVICES = "all_devices"  # every registered contact, through a Local channel
    ACCEPT_PROMPT = "accept_prompt"  # who answers must press a key before leg b is dialled


class Prompt(StrEnum):
    """What the person on leg a must press before leg b is dialled."""

    PRESS_ANY = "press_any"
    PRESS_1 = "press_1"


class Variable(StrEnum):
    """The only channel variables and functions ever written.

    A variable's name can be a function with side effects: `FILE(path)` wrote files and
    `GLOBAL(x)` changed trunks although the account had no such right.
    """

    CALL_ID = "__RINGBACK_CALL_ID"
    PROMPT = "__RINGBACK_PROMPT"
    CALLER_NUMBER = "CALLERID(num)"
    CALLER_NAME = "CALLERID(name)"
    CONNECTED_NUMBER = "CONNECTEDLINE(num,i)"
    CONNECTED_NAME = "CONNECTEDLINE(name,i)"
    CALL_INFO = "PJSIP_HEADER(add,Call-Info)"
    ALERT_INFO = "PJSIP_HEADER(add,Alert-Info)"


@dataclass(frozen=True, slots=True)
class Action:
    """One AMI action, checked and ready but for its ActionID.

    headers are kept out of repr, since a Login's hold the secret.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def to_bytes(self, action_id: str) -> bytes:
        """The action as the wire takes it.

        Raises InvalidRequest with code `unsafe_characters` or `too_long`: this is the last
        door, so it checks every name and value again, however the action was made.
        """
        lines = [f"{name}: {value}" for name, value in _checked(self, action_id)]
        for line in lines:
            if len(line.encode()) > _LINE_OCTETS:
                raise InvalidRequest(
                    f"A value is too long for the PBX ({_LINE_OCTETS} bytes a line).", code="too_long"
                )
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateRequest:
    """Ring leg a, then let the dialplan dial the destination.

    channel_id: becomes leg a's Uniqueid, the call's Linkedid and the ActionID.
    call_id: given to every channel of the call as RINGBACK_CALL_ID, for CDRs and dialplans.
    endpoint: PJSIP endpoint of the user. context, exten: where leg b is dialled once leg a is up.
    timeout_ms: how long leg a may ring.
    caller_*: the user, as the destination sees it; destination_*: the destination, as the
    user's phone shows it while ringing. Empty ones are not sent.
    """

    channel_id: str
    call_id: str
    endpoint: str
    context: str
    exten: str
    timeout_ms: int
    caller_number: str = ""
    caller_name: str = ""
    destination_number: str = ""
    destination_name: str = ""
    auto_answer: bool = False
    flow: Flow = Flow.DIRECT
    prompt: Prompt = Prompt.PRESS_1


def originate(request: OriginateRequest) -> Action:
    """The Originate of a click.

    Raises InvalidRequest: `unsafe_characters`, `invalid_number`, `invalid_endpoint`,
    `invalid_context`, `invalid_channel_id`, `too_long`, `invalid_timeout`, or
    `auto_answer_not_possible` (the header reaches one directly rung phone only).
    """
    _match(_CHANNEL_ID, request.channel_id, "channel_id", "invalid_channel_id")
    _match(_CHANNEL_ID, request.call_id, "call_id", "invalid_channel_id")
    _match(_ENDPOINT, request.endpoint, "endpoint", "invalid_endpoint")
    _match(_CONTEXT, request.context, "context", "invalid_context")
    _match(_EXTEN, request.exten, "to", "invalid_number")
    if not 1 <= request.timeout_ms <= _LONGEST_TIMEOUT_MS:
        raise InvalidRequest(
            f"The ringing time must be 1 to {_LONGEST_TIMEOUT_MS} milliseconds.", code="invalid_timeout"
        )
    if request.auto_answer and request.flow is not Flow.DIRECT:
        raise InvalidRequest(
            "Auto-answer works for one directly rung device only.", code="auto_answer_not_possible"
        )
    headers = [
        ("Channel", _channel(request)),
        ("ChannelId", request.channel_id),
        ("Context", request.context),
        ("Exten", request.exten),
        ("Priority", "1"),
        ("Timeout", str(request.timeout_ms)),
        # Without it the answer would come only when the phone has been answered.
        ("Async", "true"),
    ]
    # No CallerID header: Asterisk would show it on leg a as well as send it to leg b.
    headers += [("Variable", variable(name, value)) for name, value in _variables(request)]
    return Action("Originate", tuple(headers))


def hangup(uniqueid: str, cause: int = 16) -> Action:
    """Hang up one channel by its uniqueid; cause is Q.850, 16 is normal clearing.

    A channel name or a `/regular expression/` is refused: it would hit other people's calls.
    Raises InvalidRequest with code `invalid_channel_id`.
    """
    _match(_ANY_UNIQUEID, uniqueid, "channel_id", "invalid_channel_id")
    if not 1 <= cause <= 127:
        raise InvalidRequest("The hang-up cause must be 1 to 127.", code="invalid_cause")
    return Action("Hangup", (("Channel", uniqueid), ("Cause", str(cause))))


def login(username: str, secret: str) -> Action:
    """The first action of a session; its repr shows neither name nor secret."""
    return Action("Login", (("Username", username), ("Secret", secret), ("Events", "on")))


def ping() -> Action:
    return Action("Ping")


def core_show_channels() -> Action:
    """Every channel with Uniqueid, Linkedid, state and bridge; needs class reporting."""
    return Action("CoreShowChannels")


def status() -> Action:
    """Every channel with its age in seconds; needs class call or reporting."""
    return Action("Status")


def core_status() -> Action:
    """When Asterisk started; tells a restart from a lost link."""
    return Action("CoreStatus")


def core_settings() -> Action:
    """Which Asterisk this is."""
    return Action("CoreSettings")


def device_state_list() -> Action:
    """The state of every device; needs class call or reporting, and module res_manager_devicestate."""
    return Action("DeviceStateList")


def extension_state_list() -> Action:
    """The state of every hint; needs class call or reporting."""
    return Action("ExtensionStateList")


def presence_state_list() -> Action:
    """Every presence state that was ever set; needs class call or reporting."""
    return Action("PresenceStateList")


def contact_list() -> Action:
    """Every registered phone; needs class system, which an account of ours does not have as a rule."""
    return Action("PJSIPShowContacts")


def set_presence_state(name: str, *, do_not_disturb: bool) -> Action:
    """Write do-not-disturb as a presence state, `CustomPresence:...`; needs class call.

    Raises InvalidRequest with code `invalid_state_name`.
    """
    _match(_PRESENCE_NAME, name, "state name", "invalid_state_name")
    value = "dnd,," if do_not_disturb else "available,,"
    return Action("Setvar", (("Variable", f"PRESENCE_STATE({name})"), ("Value", value)))


def set_device_state(name: str, *, in_use: bool) -> Action:
    """Write a device state of the dialplan's own, `Custom:...`; needs class call.

    Raises InvalidRequest with code `invalid_state_name`.
    """
    _match(_DEVICE_NAME, name, "state name", "invalid_state_name")
    value = "INUSE" if in_use else "NOT_INUSE"
    return Action("Setvar", (("Variable", f"DEVICE_STATE({name})"), ("Value", value)))


def list_commands() -> Action:
    """The actions this account may use."""
    return Action("ListCommands")


def variable(name: Variable, value: str) -> str:
    """One variable as a Variable header takes it, quoted whole.

    Unquoted, a comma in the value would start a second variable and a parenthesis would
    swallow the rest.
    Raises InvalidRequest with code `unsafe_characters`.
    """
    if not isinstance(name, Variable):
        raise TypeError("variable names come from Variable only")
    refuse_unsafe(value, field_name=name.name.lower())
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}={escaped}"'


def check_endpoint(endpoint: str) -> None:
    """Raises InvalidRequest with code `invalid_endpoint`."""
    _match(_ENDPOINT, endpoint, "endpoint", "invalid_endpoint")


def has_unsafe_characters(text: str) -> bool:
    """Whether text holds a line end, NUL, another control character or a lone surrogate."""
    return _UNSAFE.search(text) is not None


def refuse_unsafe(text: str, *, field_name: str) -> None:
    """Raises InvalidRequest with code `unsafe_characters` if text could end a header."""
    if has_unsafe_characters(text):
        raise InvalidRequest(
            "Line breaks and control characters are not allowed here.",
            code="unsafe_characters",
            field=f"/{field_name}",
        )


def _channel(request: OriginateRequest) -> str:
    match request.flow:
        case Flow.DIRECT:
            return f"PJSIP/{request.endpoint}"
        case Flow.ALL_DEVICES:
            context = ALL_DEVICES_CONTEXT
        case Flow.ACCEPT_PROMPT:
            context = ACCEPT_CONTEXT
    # /n keeps the channel that carries our id for the whole call; optimised away it would
    # hang up while the call goes on.
    return f"Local/{request.endpoint}@{context}/n"


def _variables(request: OriginateRequest) -> list[tuple[Variable, str]]:
    for name in ("caller_number", "destination_number"):
        if getattr(request, name):
            _match(_EXTEN, getattr(request, name), name, "invalid_number")
    for name in ("caller_name", "destination_name"):
        text = getattr(request, name)
        refuse_unsafe(text, field_name=name)
        if len(text) > _NAME_CHARACTERS:
            raise InvalidRequest(
                f"A name may hold {_NAME_CHARACTERS} characters.", code="too_long", field=f"/{name}"
            )
    variables = [
        (Variable.CALL_ID, request.call_id),
        (Variable.CALLER_NUMBER, request.caller_number),
        (Variable.CALLER_NAME, request.caller_name),
        (Variable.CONNECTED_NUMBER, request.destination_number),
        (Variable.CONNECTED_NAME, request.destination_name),
    ]
    if request.flow is Flow.ACCEPT_PROMPT:
        variables.append((Variable.PROMPT, request.prompt))
    if request.auto_answer:
        # Phones know one or the other; both name no real host, which none of them follows.
        variables.append((Variable.CALL_INFO, "<sip:127.0.0.1>;answer-after=0"))
        variables.append((Variable.ALERT_INFO, "<http://127.0.0.1>;info=alert-autoanswer;delay=0"))
    return [(name, value) for name, value in variables if value]


def _checked(action: Action, action_id: str) -> list[tuple[str, str]]:
    headers = [("Action", action.name), ("ActionID", action_id), *action.headers]
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidRequest("A header name is not one.", code="unsafe_characters")
        refuse_unsafe(value, field_name=name.lower())
    return headers


def _match(pattern: re.Pattern[str], text: str, field_name: str, code: str) -> None:
    refuse_unsafe(text, field_name=field_name)
    if not pattern.fullmatch(text):
        raise InvalidRequest(f"Not allowed as {field_name}.", code=code, field=f"/{field_name}")
