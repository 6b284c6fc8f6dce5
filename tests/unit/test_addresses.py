"""The addresses of a host, and whose turn it is among them."""

import time

import pytest

from secret_rotation.addresses import MAX_ADDRESSES, addresses, explain, first_to_answer
from secret_rotation.errors import DatabaseUnreachableError


class Host:
    """A host at whose addresses nobody answers, but at one; notes who was tried, and for how long."""

    def __init__(self, answers: str = "", *, elsewhere: bool = True) -> None:
        self.answers, self.elsewhere = answers, elsewhere
        self.tried: dict[str, float] = {}

    def log_in(self, address: str, seconds: float) -> str:
        """Answer, or be unreachable."""
        self.tried[address] = seconds
        if address != self.answers:
            raise DatabaseUnreachableError("Nobody there.", elsewhere=self.elsewhere)
        return f"session at {address}"


def test_the_next_address_is_tried_with_its_share_of_the_time() -> None:
    """One address that does not answer leaves time for the next; the last one gets all that is left."""
    host = Host(answers="c")
    assert first_to_answer(["a", "b", "c"], time.monotonic() + 30, host.log_in) == "session at c"
    assert host.tried == pytest.approx({"a": 10, "b": 15, "c": 30}, rel=0.1)


def test_no_other_address_is_tried_where_it_would_not_help() -> None:
    """What answered may show that the host's other addresses are no better."""
    host = Host(elsewhere=False)
    with pytest.raises(DatabaseUnreachableError):
        first_to_answer(["a", "b"], time.monotonic() + 30, host.log_in)
    assert list(host.tried) == ["a"]


def test_no_other_address_is_tried_when_the_time_is_up() -> None:
    """The first failure after the end is the answer."""
    host = Host()
    with pytest.raises(DatabaseUnreachableError):
        first_to_answer(["a", "b"], time.monotonic(), host.log_in)
    assert list(host.tried) == ["a"]


def test_a_host_with_hundreds_of_addresses_is_given_up() -> None:
    """Whoever names the host cannot make the function try all of them."""
    host = Host()
    with pytest.raises(DatabaseUnreachableError):
        first_to_answer([str(number) for number in range(300)], time.monotonic() + 30, host.log_in)
    assert len(host.tried) == MAX_ADDRESSES


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example"])
def test_what_is_no_host_name_has_no_address(name: str) -> None:
    """A name that cannot be asked for is an error like one that nobody has."""
    with pytest.raises(OSError, match="no host name") as raised:
        addresses(name, 5432, seconds=5)
    assert "host name has no address" in explain(raised.value)
