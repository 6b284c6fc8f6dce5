"""NOTICE says which versions of libraries the PostgreSQL driver brings, where nothing in its wheel does."""

import ctypes
from pathlib import Path

import psycopg2.extensions

from scripts.release import notice
from tests.docs.markdown import ROOT


class ApiInfo(ctypes.Structure):
    """What OpenLDAP tells about itself. Source: ldap.h, LDAPAPIInfo."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("api_version", ctypes.c_int),
        ("protocol_version", ctypes.c_int),
        ("extensions", ctypes.c_void_p),
        ("vendor_name", ctypes.c_char_p),
        ("vendor_version", ctypes.c_int),
    )


def test_versions_that_no_file_states_are_those_that_the_libraries_tell() -> None:
    """NOTICE has what libpq and libldap of this machine's driver say. The other processor's are built from the same.

    Source: PQlibVersion is 170011 for 17.11; LDAP_VENDOR_VERSION is 20614 for 2.6.14.
    """
    stated = {row.project: row.version for row in notice.rows((ROOT / "NOTICE").read_text()) if row.version}
    postgresql = psycopg2.extensions.libpq_version()
    assert stated["PostgreSQL"] == f"{postgresql // 10_000}.{postgresql % 10_000}"
    [file] = (Path(psycopg2.__file__).parents[1] / "psycopg2_binary.libs").glob("libldap-*")
    told = ApiInfo(version=1)
    assert ctypes.CDLL(str(file)).ldap_get_option(None, 0, ctypes.byref(told)) == 0
    major, rest = divmod(told.vendor_version, 10_000)
    assert stated["OpenLDAP"] == f"{major}.{rest // 100}.{rest % 100}"
