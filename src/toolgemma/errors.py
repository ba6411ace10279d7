"""What can go wrong at each boundary, as types.

Every error a user can cause is a `ToolgemmaError`: the command line prints its message (value, key, cure) without a
traceback and exits with code 2. Each class is also a standard-library type, so that library users can catch either.
Anything else that escapes is a bug of ours and keeps its traceback.
"""


class ToolgemmaError(Exception):
    """Root of all errors whose message is meant for the user."""


class ConfigError(ToolgemmaError, ValueError):
    """A config file, an override or a flag is wrong, or asks for what this machine can't do."""


class DataError(ToolgemmaError, ValueError):
    """A dataset, split or row can't be read or used."""


class FormatError(ToolgemmaError, ValueError):
    """A conversation can't be written in the chosen dialect."""


class HubError(ToolgemmaError, OSError):
    """A repository can't be reached, found or opened."""


class CheckpointError(ToolgemmaError, OSError):
    """A run directory or checkpoint is missing, torn, foreign, or can't be written."""


class DivergedError(ToolgemmaError, FloatingPointError):
    """Training or evaluation met a loss, gradient or weight that is not a finite number."""
