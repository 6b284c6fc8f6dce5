"""Who is logged in under a secret's user names, as the doctor tells it."""

import re
from contextlib import ExitStack

from tests.doctor.conftest import Doctor, MakeDoctor
from tests.fixtures.rotation import Application
from tests.lab.helpers import wait_until


def told(doctor: Doctor) -> str:
    """The finding's text."""
    return str(doctor.check("login.sessions")["login.sessions"]["text"])


def test_sessions_of_both_names(any_application: Application, make_doctor: MakeDoctor) -> None:
    """Those of the user that logs in, without the doctor's own; of the other one they are counted, or said unseen."""
    application, doctor = any_application, make_doctor(any_application)
    first = application.credentials()
    wait_until(lambda: told(doctor).startswith("Sessions: none."))
    assert application.rotate().succeeded
    second = application.credentials()
    with ExitStack() as stack:
        stack.enter_context(application.user.session(*second))
        stack.enter_context(application.user.session(*second))
        if second[0] != first[0]:
            stack.enter_context(application.user.session(*first))
        # The server may be about to end a session that was closed before.
        wait_until(lambda: f"2 of {second[0]} from " in told(doctor))
        unseen = f"Those of {first[0]} this user may not see"
        assert second[0] == first[0] or re.search(rf"\b1 of {first[0]} from |{unseen}", told(doctor))
