"""Texts from HTTP to an SMSC, measured end to end: Ringback beside Kannel. See docs/performance.md."""
