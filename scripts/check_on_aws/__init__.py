"""Try this software in an AWS account: make all that it takes, rotate, tell what held, and delete everything."""
