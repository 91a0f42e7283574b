"""Telling whoever listens right now; what must not be missed is read from the event log."""
