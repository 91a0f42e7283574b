"""Fixtures of every real peer; each module says what it does when its peer cannot be had."""

pytest_plugins = [
    "tests.peers.asterisk",
    "tests.peers.certificates",
    "tests.peers.chromium",
    "tests.peers.firefox",
    "tests.peers.node_smpp",
    "tests.peers.postgres",
    "tests.peers.smpp34",
]
