"""Floor 6: which turns are scored, how, and what is printed."""
