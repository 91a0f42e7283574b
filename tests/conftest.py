"""Fixtures of every real peer; each module says what it does when its peer cannot be had."""

from hypothesis import settings

# A machine that stands still for a moment is no slow example.
settings.register_profile("ringback", deadline=None)
settings.load_profile("ringback")

pytest_plugins = [
    "tests.peers.asterisk",
    "tests.peers.certificates",
    "tests.peers.chromium",
    "tests.peers.firefox",
    "tests.peers.node_smpp",
    "tests.peers.postgres",
    "tests.peers.smpp34",
]
