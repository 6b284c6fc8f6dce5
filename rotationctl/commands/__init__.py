"""The commands: one file each, whose `command` is found by the file's name. Its `JSON` says what --json prints.

None of them may import boto3 or botocore when it is imported: `--help` and completion import every command.
"""
