"""What to type while the lab is up."""

from collections.abc import Sequence

from lab.cloud import REGION
from lab.engines import Kit
from lab.lambda_environment.code import BUILD, REPOSITORY
from lab.pairing import Pairing, StrategyName
from lab.secretsmanager import OPERATOR_CALLER
from lab.secretsmanager.clients import SECRET_KEY
from lab.servers import DatabaseServer
from lab.up.endpoint import LabEndpoint
from lab.up.files import ca_bundle, functions_log
from lab.up.sample_applications import BY_HAND, PAIRING_BY_HAND, is_built, secret_name
from lab.world import World

TEXT = """\
The lab is up. Ctrl-C ends it; nothing is kept.

  Secrets Manager  {url}
{servers}
  Their CA         {ca}
  Functions        {functions}
  Their log        {log}

In another terminal (`aws` is in .venv-sam/bin, too):

  export AWS_ACCESS_KEY_ID={key_id} AWS_SECRET_ACCESS_KEY={key}
  export AWS_DEFAULT_REGION={region}
  export AWS_ENDPOINT_URL={url}

  aws secretsmanager rotate-secret --endpoint-url {url} \\
      --secret-id {secret}
  aws secretsmanager list-secret-version-ids \\
      --secret-id {secret}
  aws secretsmanager describe-secret --secret-id {secret}
  .venv/bin/python -m lab login {secret}{options}

  rotationctl status             # installed by: pipx install .
  rotationctl check {secret}
  rotationctl rotate {secret}

  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION \\
      AWS_ENDPOINT_URL   # when you are done

Secrets that rotate (each names a port of its own: that of a relay in front of
the database, which counts the connections of a rotation):
{secrets}
{by_hand}
Rotations, as they happen:
"""
BY_HAND_TEXT = """\

The rotation of {name} has begun, and waits for its four steps. Invoke
them with the files of events/, the first one so; null means success. They are
not shown below, but the functions log them:
  curl -w '\\n' --data @events/create_secret.json \\
      {url}
"""


def instructions(world: World, kits: Sequence[Kit], servers: Sequence[DatabaseServer], endpoint: LabEndpoint) -> str:
    """All that the lab prints when it is up at its endpoint."""
    secrets = [secret_name(Pairing(kit, strategy)) for kit in kits for strategy in StrategyName]
    names = [f"{kit.brand} {server.version}" for kit, server in zip(kits, servers, strict=True)]
    by_hand = world.functions.get(PAIRING_BY_HAND.function)
    return TEXT.format(
        url=endpoint.url,
        servers="\n".join(f"  {n:<16} {s.host}:{s.port}" for n, s in zip(names, servers, strict=True)),
        ca=ca_bundle(endpoint).relative_to(REPOSITORY),
        functions=f"{BUILD.relative_to(REPOSITORY)} (sam build)" if is_built() else "functions/ (nothing is built)",
        log=functions_log(endpoint).relative_to(REPOSITORY),
        key_id=OPERATOR_CALLER,
        key=SECRET_KEY,
        region=REGION,
        secret=secrets[0],
        options=f" \\\n     {endpoint.options}" if endpoint.options else "",
        secrets="\n".join(f"  {name}" for name in secrets),
        by_hand=BY_HAND_TEXT.format(name=BY_HAND, url=by_hand.url) if by_hand else "",
    )
