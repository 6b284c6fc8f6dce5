"""The fixtures of all tests, each plugin a file of its own."""

pytest_plugins = [
    "tests.fixtures.data_files",
    "tests.fixtures.logs",
    "tests.fixtures.servers",
    "tests.fixtures.databases",
    "tests.fixtures.cloud",
    "tests.fixtures.event_bus",
    "tests.fixtures.rotation",
    "tests.fixtures.deployed",
    "tests.fixtures.interleavings",
    "tests.fixtures.coverage",  # imports the servers, which pytest wants to see first
]
