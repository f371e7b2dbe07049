"""A process that performs runs, one after the other: `python -m bench.worker RUN…`."""

import logging
import sys

import django


def main(runs: list[str]) -> None:
    """Perform them; ends with an error where one does not end well."""
    django.setup()
    logging.disable(logging.WARNING)
    from bench import engine
    from licensing.usecases import sync

    for run in runs:
        done = sync.perform(run_id=int(run))
        if done is None or done.state not in engine.GOOD:
            sys.exit(f"run {run} ended {done and done.state}")


if __name__ == "__main__":
    main(sys.argv[1:])
