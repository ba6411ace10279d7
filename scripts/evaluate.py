"""`toolgemma evaluate` under the name that users of training scripts look for."""

from toolgemma.cli import main

if __name__ == "__main__":
    main("evaluate")
