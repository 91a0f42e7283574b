"""What was used: texts, calls and chats, counted by day, and what texts cost."""
