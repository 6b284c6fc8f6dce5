"""Stacks that `sam deploy` makes, and that are deleted whatever happened."""

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from scripts.check_on_aws.telling import tell

CONFIG = Path(__file__).with_name("samconfig.toml")
LINES_OF_AN_ERROR = 12
UPLOAD = "Uploading to "
"""How the lines begin that SAM writes to show its progress."""
NOT_THERE, UNKNOWN = "not there", "unknown"
UPDATING = re.compile("UPDATE_.*_?IN_PROGRESS")
POLL_SECONDS, POLLS = 15, 240
"""An hour: Lambda takes its time to leave a network."""


class StackError(Exception):
    """A stack could not be made. The message has the last lines of what SAM wrote."""


@dataclass(frozen=True)
class Stack:
    """A stack of this run's own.

    Attributes:
        cloudformation: boto3's client.
    """

    name: str
    region: str
    cloudformation: Any

    def deploy(self, template: Path, parameters: Mapping[str, str]) -> dict[str, str]:
        """Make or update it; return its outputs.

        Raises:
            StackError: it failed.
        """
        overrides = [f"{name}={json.dumps(value)}" for name, value in parameters.items()]
        # A folder of its own in the bucket: `sam delete` deletes what the stack's template names there, and without a
        # folder other stacks of the same build name the same.
        self._sam("deploy", "--template-file", str(template), "--s3-prefix", self.name,
                  "--tags", "made-by=check-on-aws", "--parameter-overrides", *overrides)  # fmt: skip
        (stack,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def physical(self, logical: str) -> str:
        """The name of what a logical id has become."""
        answer = self.cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId=logical)
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def exists(self) -> bool:
        """Whether anything of it is there, or may be."""
        return self._status() not in (NOT_THERE, "DELETE_COMPLETE")

    def delete(self) -> bool:
        """Delete it, with what it keeps in the bucket, and wait for that.

        Returns:
            Whether it is gone.
        """
        if not self.exists():
            return True
        self._wait_for_update()
        try:
            self._sam("delete", "--no-prompts")
        except StackError:
            # Of a stack that is only half made SAM knows little.
            self._delete_without_sam()
        return not self.exists()

    def command_to_delete(self) -> str:
        """What to type for that; the next stack can go only once this one is gone."""
        named = f"--region {self.region} --stack-name {self.name}"
        return f"aws cloudformation delete-stack {named} && aws cloudformation wait stack-delete-complete {named}"

    def _wait_for_update(self) -> None:
        """Wait for the end of an update that somebody interrupted: in the middle of one CloudFormation deletes nothing.

        A stack that is still being made can be deleted at once.
        """
        for _ in range(POLLS):
            if not UPDATING.fullmatch(self._status()):
                return
            time.sleep(POLL_SECONDS)

    def _status(self) -> str:
        """What CloudFormation calls the state that it is in; UNKNOWN where that cannot be asked."""
        try:
            (stack,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            return NOT_THERE if "does not exist" in str(error) else UNKNOWN
        except BotoCoreError:
            return UNKNOWN
        return str(stack["StackStatus"])

    def _delete_without_sam(self) -> None:
        try:
            self.cloudformation.delete_stack(StackName=self.name)
            waiter = self.cloudformation.get_waiter("stack_delete_complete")
            waiter.wait(StackName=self.name, WaiterConfig={"Delay": POLL_SECONDS, "MaxAttempts": POLLS})
        except (BotoCoreError, ClientError, WaiterError):
            return  # whoever asks sees that it is there

    def _sam(self, command: str, *arguments: str) -> None:
        named = ("--config-file", str(CONFIG), "--stack-name", self.name, "--region", self.region)
        environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
        command_line = ("sam", command, *named, *arguments)
        # In a session of its own: Ctrl-C is for this program, which then deletes.
        done = subprocess.run(
            command_line, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, env=environment, start_new_session=True,
        )  # fmt: skip
        if done.returncode:
            told = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and UPLOAD not in line]
            raise StackError(f"sam {command} of {self.name} failed:\n" + "\n".join(told[-LINES_OF_AN_ERROR:]))


def delete_all(stacks: Sequence[Stack]) -> list[Stack]:
    """Delete stacks, the last first.

    Returns:
        Those that are left: they could not be deleted, or somebody ended this.
    """
    gone: set[str] = set()
    try:
        for stack in reversed(stacks):
            tell(f"Deleting {stack.name} ...")
            if stack.delete():
                gone.add(stack.name)
    except KeyboardInterrupt:
        tell("Ended before all was deleted.")
    return [stack for stack in stacks if stack.name not in gone]
