"""Start MySQL servers, from the source that LAB_MYSQL names."""

from lab.engines.mysql.accounts import setup_statements
from lab.engines.mysql.instance import LocalMySQL
from lab.engines.mysql.server import MySQLServer
from lab.engines.mysql.software import chosen_images, debian_mysql, local_mysql, mysql_source
from lab.engines.versions import DOCKER
from lab.servers.certificates import CertificateAuthority, default_authority


def start_mysql(version: str = "", *, authority: CertificateAuthority | None = None, **settings: object) -> MySQLServer:
    """Start a MySQL, with further settings for its my.cnf. LAB_MYSQL says where it comes from.

    The version is for images, the newest chosen one unless told otherwise; each other source has but one.

    Raises:
        ProvisionError: its software could not be found or downloaded.
        ServerStartError: it did not come up.
    """
    source = mysql_source()
    if source == DOCKER:
        from lab.engines.mysql.docker import MySQLContainer  # noqa: PLC0415 - slow to import, and rarely used

        return MySQLContainer(version or chosen_images()[-1], settings, authority or default_authority()).started()
    software = local_mysql() if source == "local" else debian_mysql()
    instance = LocalMySQL(software, settings, authority or default_authority())
    with instance.stopped_on_error():
        instance.copy_data(software.template())
        instance.start_with(setup_statements("root@localhost", software.version, instance.logins))
        return instance.client().with_version()
