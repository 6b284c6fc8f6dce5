"""The example in lab/secretsmanager/README.md."""

from tests.docs.markdown import document
from tests.lab.commands import run_python


def test_the_example_rotates() -> None:
    """It runs as it stands, rotates, and shows the fault that it orders, after which boto3 tried again."""
    (example,) = (block for block in document("lab/secretsmanager/README.md").blocks() if block.language == "python")
    done = run_python("-c", example.text)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("True {")
    assert done.stdout.count("PutSecretValue") == 2
