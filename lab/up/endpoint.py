"""Where a lab's Secrets Manager listens: what tells one lab from others, and how a command line names it.

`make lab` runs this module before anything is installed, so it needs no more than Python.
"""

import argparse
import errno
import os
import socket
import sys
from dataclasses import dataclass
from ipaddress import IPv4Address

from lab.address import LOOPBACK

ADDRESS_VARIABLE, PORT_VARIABLE = "LAB_ADDRESS", "LAB_PORT"
DEFAULT_PORT = 4584


@dataclass(frozen=True)
class LabEndpoint:
    """Where a lab's Secrets Manager listens."""

    address: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def suffix(self) -> str:
        """Its part of a file's name, so that labs beside each other keep their own; empty where it is the default."""
        return "" if self == LabEndpoint(LOOPBACK, DEFAULT_PORT) else f"-{self.address}-{self.port}"

    @property
    def options(self) -> str:
        """What `python -m lab login SECRET` must be told to find it."""
        address = "" if self.address == LOOPBACK else f" --address {self.address}"
        return address if self.port == DEFAULT_PORT else f"{address} --port {self.port}"

    def require_free(self) -> None:
        """Make sure that a lab can listen here.

        Raises:
            OSError: something listens here already.
        """
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended do not count
            try:
                probe.bind((self.address, self.port))
                probe.listen()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                message = f"Port {self.port} is taken: is another lab up? End it, or set {PORT_VARIABLE} to another"
                raise OSError(error.errno, message) from None


def add_endpoint_options(parser: argparse.ArgumentParser, *subcommands: argparse.ArgumentParser) -> None:
    """Add --address and --port, for before and after a subcommand; LAB_ADDRESS and LAB_PORT stand in for them."""
    address, port = os.environ.get(ADDRESS_VARIABLE) or LOOPBACK, os.environ.get(PORT_VARIABLE) or str(DEFAULT_PORT)
    text = f"of this machine, to listen at; default: the environment variable {ADDRESS_VARIABLE}, else {LOOPBACK}"
    parser.add_argument("--address", type=_address, default=address, help=text)
    text = f"of Secrets Manager; default: the environment variable {PORT_VARIABLE}, else {DEFAULT_PORT}"
    parser.add_argument("--port", type=_port, default=port, help=text)
    for subcommand in subcommands:
        # Suppressed, or its default would take the place of what was given before the subcommand.
        subcommand.add_argument("--address", type=_address, default=argparse.SUPPRESS, help="that the lab listens at")
        subcommand.add_argument("--port", type=_port, default=argparse.SUPPRESS, help="of the lab's Secrets Manager")


def _address(text: str) -> str:
    if not _is_own(text):
        message = f"{text!r} is no IPv4 address of this machine. Set {ADDRESS_VARIABLE} (or --address) to one that is."
        raise argparse.ArgumentTypeError(message)
    return text


def _is_own(text: str) -> bool:
    try:
        means_all = IPv4Address(text).is_unspecified
        with socket.socket() as probe:
            probe.bind((text, 0))
    except (ValueError, OSError):
        return False
    return not means_all


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**16):
        message = f"{text!r} is no port. Set {PORT_VARIABLE} (or --port) to a number from 1 to 65535."
        raise argparse.ArgumentTypeError(message)
    return int(text)


if __name__ == "__main__":
    make_lab = argparse.ArgumentParser("make lab")
    add_endpoint_options(make_lab)
    try:
        LabEndpoint(**vars(make_lab.parse_args())).require_free()
    except OSError as error:
        sys.exit(f"lab: {error.strerror}")
