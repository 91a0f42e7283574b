"""Soft phones: real SIP and real sound for the demo, tests and probes on trusted networks."""
