"""Data: read a dataset in any known dialect, lint it, repair it, write it down, build views of it."""
