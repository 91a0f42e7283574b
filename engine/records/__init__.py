"""What is kept, for how long, and how it leaves: history, export, retention, erasure."""
