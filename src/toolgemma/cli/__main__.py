"""`python -m toolgemma.cli`, the command line where no script is installed."""

from toolgemma.cli import main

if __name__ == "__main__":
    main()
