"""Training: from encoded rows to a run directory. The way in is `toolgemma.training.run.train`."""
