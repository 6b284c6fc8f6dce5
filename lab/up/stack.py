"""What a stack has beside its rotation functions, and `rotationctl check` looks for: their roles, and the doctor."""

from lab.cloud.roles import let_read, make_role
from lab.world import SUPERUSER_SECRETS, World


def complete_stack(world: World) -> None:
    """Make the roles of the functions that there are, and deploy the doctor beside them."""
    iam = world.cloud.clients.of("iam")
    for function in world.functions.values():
        deployed = world.cloud.services.functions.find(function.name)
        make_role(iam, deployed)
        let_read(iam, deployed, SUPERUSER_SECRETS)
    doctor = world.start_doctor()
    world.register(doctor.name, doctor)
