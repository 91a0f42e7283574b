"""Chat: from one person to another, beside an XMPP server."""
