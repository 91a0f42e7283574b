"""The configuration of a private Asterisk: our shipped examples plus what one run needs.

The files of config/asterisk are included unchanged, then completed, so whatever runs here
has tried exactly what an administrator copies. Pure: text in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.simulators.asterisk_tree import AsteriskTree

#: The files an administrator copies, in config/asterisk.
SHIPPED = (
    "manager.conf",
    "ringback.conf",
    "extensions.example.conf",
    "pjsip.example.conf",
    "indications.conf",
    "voicemail.conf",
)
#: The context of the example dialplan.
DIAL_CONTEXT = "acme"
#: The AMI account of the shipped manager.conf.
AMI_USERNAME = "ringback"

# Named one by one: starting everything the packages bring takes twice as long and opens ports.
_MODULES = """\
res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd res_pjproject
res_rtp_asterisk res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_registrar
res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest res_pjsip_endpoint_identifier_user
res_pjsip_pubsub res_pjsip_caller_id res_pjsip_header_funcs res_pjsip_nat res_pjsip_rfc3326
res_pjsip_dtmf_info res_pjsip_refer res_pjsip_diversion res_pjsip_messaging
chan_pjsip bridge_simple bridge_native_rtp bridge_softmix bridge_builtin_features bridge_holding
codec_ulaw codec_alaw codec_gsm codec_g722 codec_a_mu codec_resample format_gsm format_pcm format_wav
app_dial app_read app_stack app_playback app_echo app_userevent app_verbose
func_callerid func_channel func_logic func_strings func_timeout func_global func_hangupcause
func_base64 func_rand func_sha1
func_pjsip_aor func_pjsip_contact func_pjsip_endpoint func_devstate func_cdr
app_voicemail res_pjsip_mwi res_pjsip_mwi_body_generator
cdr_manager cel_manager res_manager_devicestate res_manager_presencestate func_presencestate pbx_config
""".split()  # noqa: SIM905 - a table to read

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class SipUser:
    """One PJSIP endpoint with its address and password; name is all of them and the extension."""

    name: str
    password: str = field(repr=False)
    display_name: str = ""

    def __post_init__(self) -> None:
        if not _WORD.fullmatch(self.name) or not _WORD.fullmatch(self.password):
            raise ValueError("a SIP user's name and password are letters, digits, '_', '.' and '-'")
        if set(self.display_name) & set('\r\n;"<>'):
            raise ValueError("a display name cannot hold a line end, a quote, ';', '<' or '>'")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskPlan:
    """What one private Asterisk is to be. Ports on 127.0.0.1; rtp_ports: first and last.

    carrier: a phone registering as this user plays the carrier; numbers in international form
    go to it. ring_s: how long the example dialplan lets a destination ring. voicemail: whether what nobody
    takes ends in a mailbox; each user has one, by its own name. spool: another folder than one below run.
    """

    etc: Path
    run: Path
    users: Sequence[SipUser]
    carrier: SipUser
    sip_port: int
    ami_port: int
    rtp_ports: tuple[int, int]
    ami_secret: str = field(repr=False)
    ring_s: int
    message_secret: str = field(default="", repr=False)
    extra_dialplan: str = ""
    voicemail: bool = False
    spool: Path | None = None


def render(tree: AsteriskTree, plan: AsteriskPlan, shipped: Path) -> Mapping[str, str]:
    """Every configuration file by name; shipped is the folder config/asterisk."""
    files = {name: (shipped / name).read_text(encoding="utf-8") for name in SHIPPED}
    # Included under other names, as Asterisk wants the plain ones for itself.
    files["manager.example.conf"] = files.pop("manager.conf")
    files["voicemail.example.conf"] = files.pop("voicemail.conf")
    first, last = plan.rtp_ports
    return {
        **files,
        "asterisk.conf": _asterisk_conf(tree, plan),
        "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in _MODULES),
        "manager.conf": (
            '#include "manager.example.conf"\n'
            f"[general](+)\nport = {plan.ami_port}\n"
            f"[{AMI_USERNAME}](+)\nsecret = {plan.ami_secret}\n"
        ),
        "pjsip.conf": _pjsip_conf(plan),
        "extensions.conf": (
            '#include "extensions.example.conf"\n'
            f"[globals](+)\nRING_SECONDS = {plan.ring_s}\nRINGBACK_MESSAGE_SECRET = {plan.message_secret}\n"
            f"VOICEMAIL = {'yes' if plan.voicemail else 'no'}\n"
            f"[{DIAL_CONTEXT}](+)\n"
            + "".join(f"exten => {user.name},hint,PJSIP/{user.name}\n" for user in plan.users)
            + plan.extra_dialplan
        ),
        "voicemail.conf": (
            '#include "voicemail.example.conf"\n'
            f"[{DIAL_CONTEXT}](+)\n"
            # Nobody may log in to one by its password: the phone's own is enough.
            + "".join(f"{user.name} => -,{user.display_name or user.name}\n" for user in plan.users)
        ),
        "rtp.conf": f"[general]\nrtpstart = {first}\nrtpend = {last}\nicesupport = no\n",
        "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error\n",
        "cdr.conf": "[general]\nenable = yes\nunanswered = yes\ncongestion = yes\n",
        "cdr_manager.conf": "[general]\nenabled = yes\n[mappings]\nlinkedid => LinkedID\n",
        "cel.conf": "[general]\nenable = yes\napps = all\nevents = all\n[manager]\nenabled = yes\n",
        # Empty ones only keep the log free of complaints about files nobody needs.
        **dict.fromkeys(("acl.conf", "ccss.conf", "features.conf", "pjproject.conf", "udptl.conf"), ""),
    }


def _asterisk_conf(tree: AsteriskTree, plan: AsteriskPlan) -> str:
    folders = {
        "astetcdir": plan.etc,
        "astvarlibdir": plan.run / "lib",
        "astdbdir": plan.run / "lib",
        "astkeydir": plan.run / "lib",
        "astspooldir": plan.spool or plan.run / "spool",
        "astcachedir": plan.run / "cache",
        "astrundir": plan.run,
        "astlogdir": plan.run / "log",
        "astagidir": plan.run / "lib",
    }
    if tree.modules is not None:
        folders["astmoddir"] = tree.modules
    if tree.data is not None:
        folders["astdatadir"] = tree.data
    lines = "".join(f"{name} => {folder}\n" for name, folder in folders.items())
    return f"[directories]\n{lines}\n[options]\nnofork = yes\nquiet = yes\nnocolor = yes\n"


def _pjsip_conf(plan: AsteriskPlan) -> str:
    parts = [
        '#include "pjsip.example.conf"\n',
        f"[transport-udp](+)\nbind = 127.0.0.1:{plan.sip_port}\n",
        "[system]\ntype = system\nthreadpool_initial_size = 5\n",
    ]
    for user, template in [*((user, "phone") for user in plan.users), (plan.carrier, "carrier")]:
        name = user.name
        parts.append(
            f"[{name}]({template})\nauth = {name}\naors = {name}\n"
            + (_own_lines(user) if template == "phone" else "")
            + f"[{name}](phone-auth)\nusername = {name}\npassword = {user.password}\n"
            f"[{name}](phone-aor)\n"
        )
    return "".join(parts)


def _own_lines(user: SipUser) -> str:
    """What is each phone's own."""
    return (
        f'callerid = "{user.display_name or user.name}" <{user.name}>\n'
        f"mailboxes = {user.name}@{DIAL_CONTEXT}\n"
    )
