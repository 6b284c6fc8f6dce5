"""``python -m lab.demo``: see `lab.demo.command_line`."""

from lab.start import start

if __name__ == "__main__":
    start("lab.demo.command_line")
