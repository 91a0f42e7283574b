"""Webhooks: events sent to servers that a domain names."""
