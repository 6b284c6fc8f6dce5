"""The fixtures of all tests, each plugin a file of its own."""

pytest_plugins = [
    "tests.fixtures.logs",
    "tests.fixtures.servers",
    "tests.fixtures.databases",
    "tests.fixtures.cloud",
    "tests.fixtures.rotation",
    "tests.fixtures.interleavings",
]
