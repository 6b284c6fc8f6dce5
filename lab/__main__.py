"""``python -m lab``: see `lab.up.command_line`."""

from lab.start import start

if __name__ == "__main__":
    start("lab.up.command_line")
