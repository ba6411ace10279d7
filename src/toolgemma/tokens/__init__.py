"""Segments as token ids: encode with labels, fit to a length, pad to batches, show what the loss sees."""
