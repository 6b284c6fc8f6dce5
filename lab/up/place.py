"""Where a lab is: what tells it from others, and how a command line names it."""

import argparse
import os
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address

from lab.address import LOOPBACK

ADDRESS_VARIABLE = "LAB_ADDRESS"
DEFAULT_PORT = 4584


@dataclass(frozen=True)
class Place:
    """Where a lab's Secrets Manager listens."""

    address: str
    port: int

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://{self.address}:{self.port}"

    @property
    def name(self) -> str:
        """Its part of a file's name, so that labs beside each other keep their own."""
        return str(self.port) if self.address == LOOPBACK else f"{self.address}-{self.port}"

    @property
    def options(self) -> str:
        """What `python -m lab login SECRET` must be told to find it."""
        address = "" if self.address == LOOPBACK else f" --address {self.address}"
        return address if self.port == DEFAULT_PORT else f"{address} --port {self.port}"


def add_place_options(parser: argparse.ArgumentParser, login: argparse.ArgumentParser) -> None:
    """Add --address and --port, for before and after the word login; LAB_ADDRESS stands in for the first."""
    address = os.environ.get(ADDRESS_VARIABLE) or LOOPBACK
    text = f"of this machine, to listen at; default: the environment variable {ADDRESS_VARIABLE}, else {LOOPBACK}"
    parser.add_argument("--address", type=_address, default=address, help=text)
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"of Secrets Manager; default: {DEFAULT_PORT}")
    # Suppressed, or its default would take the place of what was given before the word login.
    login.add_argument("--address", type=_address, default=argparse.SUPPRESS, help="that the lab listens at")
    login.add_argument("--port", type=_port, default=argparse.SUPPRESS, help="of the lab's Secrets Manager")


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
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535.")
    return int(text)
