"""toolgemma: fine-tune Gemma 3 1B to call tools, and prove honestly that it got better.

The command line `toolgemma` is the main way in. The package itself imports nothing heavy; what it offers at the top
level is loaded when it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolgemma.model.system import log_system_info as log_system_info

__version__ = "0.1.0"
__all__ = ["__version__", "log_system_info"]


def __getattr__(name: str) -> Any:
    if name == "log_system_info":
        from toolgemma.model.system import log_system_info

        return log_system_info
    raise AttributeError(f"module 'toolgemma' has no attribute {name!r}")
