"""Try this software in your AWS account: python -m scripts.check_on_aws [--engine ENGINE] [--yes] [--keep].

Needs credentials as the AWS CLI finds them, `sam` on PATH, and what `make build` made: see docs/never-run-on-aws.md.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from scripts.check_on_aws.cloud import ROOT, Cloud
from scripts.check_on_aws.costs import estimate
from scripts.check_on_aws.promises import PAGE_ROWS
from scripts.check_on_aws.run import Run
from scripts.check_on_aws.stacks import Stack, StackError, delete_all
from scripts.check_on_aws.telling import complain, tell

ENGINES = ("postgresql", "mysql")
FINE, NOT_FINE, NOT_ASKED, INTERRUPTED = 0, 1, 4, 130


def main(arguments: list[str]) -> int:
    """Make, try, tell and delete.

    Returns:
        The exit code: 0 where every promise held and nothing is left but what --keep keeps, 1 where not, 4 where AWS
        could not be asked, 130 after Ctrl-C.
    """
    options = _options(arguments)
    engines = tuple(dict.fromkeys(options.engine or ENGINES))
    if not options.template.exists():
        complain("There is nothing to deploy. Run `make build` first.")
        return NOT_FINE
    try:
        cloud = Cloud(options.region or _region())
        account = cloud.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        complain(f"AWS cannot be asked: {error}")
        return NOT_ASKED
    run = Run(cloud, engines, options.template, options.architecture)
    tell(_plan(account, run.stacks, engines, keeps=options.keep))
    if not (options.yes or _agreed()):
        tell("Nothing was made.")
        return NOT_FINE
    return _carry_out(run, keeps=options.keep)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="check-on-aws", description="Try this software in your AWS account.")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this engine; both, if left out")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), default="arm64", help="the functions' processor")
    parser.add_argument("--region", help="AWS region, if not that of your configuration")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--keep", action="store_true", help="delete nothing, and say how to")
    parser.add_argument("--template", type=Path, default=ROOT / ".aws-sam" / "build" / "template.yaml",
                        help="what `sam build` made")  # fmt: skip
    return parser.parse_args(arguments)


def _region() -> str:
    """The region of the configuration.

    Raises:
        NoRegionError: it has none.
    """
    region = boto3.Session().region_name
    if region is None:
        raise NoRegionError
    return region


def _plan(account: str, stacks: Sequence[Stack], engines: Sequence[str], *, keeps: bool) -> str:
    """What is going to be made, where, and what it costs."""
    names = "\n".join(f"  {stack.name}" for stack in stacks)
    return (
        f"In account {account}, region {stacks[0].region}, this makes three stacks, and touches no other:\n{names}\n"
        f"They have a VPC, two interface endpoints, a db.t4g.micro for each of: {', '.join(engines)}; secrets with new "
        f"passwords;\nthe functions, alarms and roles of template.yaml; and a client that logs in.\n"
        f"{estimate(engines)} Your credentials have to hold for as long.\n"
        f"In the end {'nothing' if keeps else 'all of it'} is deleted. SAM's bucket for code, in the stack "
        "aws-sam-cli-managed-default, is made if it is missing, and stays, with the databases' template in it.\n"
        f"If this program is killed, delete them by:\n{_commands(stacks)}"
    )


def _commands(stacks: Sequence[Stack]) -> str:
    """What to type to delete stacks, the last first."""
    return "\n".join(f"  {stack.command_to_delete()}" for stack in reversed(stacks))


def _rows() -> str:
    return "\n".join(f"  {row}" for row in PAGE_ROWS)


def _agreed() -> bool:
    try:
        return input("Make all this? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
        return False


def _carry_out(run: Run, *, keeps: bool) -> int:
    code = NOT_FINE
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _interrupt)
    try:
        code = _tried(run)
    finally:
        left = [stack for stack in run.stacks if stack.exists()] if keeps else delete_all(run.stacks)
        if left:
            tell(f"Left, and paid for until you delete it:\n{_commands(left)}")
    return NOT_FINE if left and not keeps and code == FINE else code


def _tried(run: Run) -> int:
    """Make and try all of it, and print what was seen; the exit code."""
    try:
        run.go()
    except (StackError, BotoCoreError, ClientError) as error:
        complain(str(error))
        return NOT_FINE
    except KeyboardInterrupt:
        complain("Interrupted.")
        return INTERRUPTED
    else:
        return FINE if run.table.all_held() else NOT_FINE
    finally:
        tell("\n".join(run.table.lines()))
        tell(f"\nOf docs/never-run-on-aws.md this tries, and no more:\n{_rows()}")


def _interrupt(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # a terminal that is closed says so more than once
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
