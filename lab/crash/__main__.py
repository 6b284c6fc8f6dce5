"""Run the whole crash table, and write docs/crash-table.md: `make crash-table`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from lab.crash.campaign import campaign
from lab.crash.case import Result
from lab.crash.record import append, file_for_this_code, read
from lab.crash.scenario import every, in_turn, scenarios
from lab.crash.table import DOCUMENT, document_with
from lab.engines import KITS
from lab.servers import ServerError

ALL_SERVERS = tuple(name for kit in KITS for name in kit.server_names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is not done yet; the exit status is 1 where the promise was broken anywhere."""
    options = _options(arguments)
    path = file_for_this_code()
    known = {result.case: result for result in read(path)}
    chosen = list(scenarios(options.servers))
    broken: list[str] = []
    started = time.monotonic()
    choose = in_turn if options.ways_in_turn else every
    for left, outcomes in campaign(chosen, choose, set(known), options.workers):
        results = [outcome for outcome in outcomes if isinstance(outcome, Result)]
        append(path, results)
        known |= {result.case: result for result in results}
        messages = [outcome for outcome in outcomes if isinstance(outcome, str)]
        for message in messages:
            print(f"\nPromise broken: {message}", flush=True)
        broken += messages
        _report(left, len(known), broken, time.monotonic() - started)
    if not broken and {case.scenario for case in known} == set(scenarios(ALL_SERVERS)):
        DOCUMENT.write_text(document_with(known.values(), DOCUMENT.read_text()))
        print(f"\n{len(known)} cases, no promise broken. Written: docs/{DOCUMENT.name}")
    return bool(broken)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make crash-table",
        description="Kill rotations at every moment, go on in every way, and write docs/crash-table.md. What was run "
        "with the code as it is now is not run again, so it can be interrupted at any time.",
    )
    parser.add_argument(
        "--servers", nargs="+", choices=ALL_SERVERS, default=ALL_SERVERS, metavar="SERVER",
        help=f"of {', '.join(ALL_SERVERS)}; the document is written once there are results of all",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes at once (default: the cores)")
    parser.add_argument("--ways-in-turn", action="store_true", help="one way on for each moment instead of all")
    return parser.parse_args(arguments)


def _report(left: int, done: int, broken: Sequence[str], seconds: float) -> None:
    end = "\r" if sys.stderr.isatty() else "\n"
    print(
        f"{done} cases done, {left} left, {len(broken)} broken, {seconds:.0f} s", end=end, file=sys.stderr, flush=True
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. What was done is kept: run it again to go on.")
    except ServerError as error:
        sys.exit(str(error))
