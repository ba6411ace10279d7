"""The Hugging Face Hub and its mirrors: which source serves a repository, and how its files get here.

    config, environment ── choose ──> Plan ── environment ──> variables that the command line applies
                             │                                            │ (before any Hugging Face library)
                           probe                                        fetch ──> folder, every file verified

Nothing here writes an environment variable: huggingface_hub reads `HF_ENDPOINT` once, at its own import, so the
command line applies what `environment` returns before anything of Hugging Face is imported. `fetch` reads the plan
from there. Tokens go to the official Hub, and to the hosts of `mirror.token_hosts`, and nowhere else.
"""

from toolgemma.hub.cache import DATASET_FILES, MODEL_FILES, TOKENIZER_FILES, cached
from toolgemma.hub.endpoints import OFFICIAL, Repository, Source, is_reachable
from toolgemma.hub.explain import explain
from toolgemma.hub.fetch import fetch
from toolgemma.hub.plan import Plan, current, environment

__all__ = [
    "DATASET_FILES",
    "MODEL_FILES",
    "OFFICIAL",
    "TOKENIZER_FILES",
    "Plan",
    "Repository",
    "Source",
    "cached",
    "current",
    "environment",
    "explain",
    "fetch",
    "is_reachable",
]
