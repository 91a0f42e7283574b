"""Being told: which screen, browser or mailbox hears of what happened, and once."""
