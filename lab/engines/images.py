"""Fetch the images that LAB_POSTGRES and LAB_MYSQL choose, before tests want them in time: `make test-docker`."""

import sys

from lab.engines import KITS
from lab.engines.versions import image_versions
from lab.servers import ProvisionError, ServerError
from lab.servers.container import check_engine, provide_image


def main() -> None:
    """Fetch what is not here.

    Raises:
        ServerError: there is no engine, no such image, or a variable wants no image.
    """
    check_engine()
    for kit in KITS:
        versions = image_versions(kit.choice_variable, tuple(kit.images))
        names = ",".join(kit.images)
        if not versions:
            raise ProvisionError(f"{kit.choice_variable} names no image: give docker, or docker:{names}.")
        for image in (kit.images[version] for version in versions):
            print(f"{image} is here: {provide_image(image)}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except ServerError as error:
        sys.exit(str(error))
