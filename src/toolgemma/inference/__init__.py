"""Floor 5: text from a model."""
