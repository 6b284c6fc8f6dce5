"""What to type while the lab is up."""

from collections.abc import Sequence

from lab.lambda_environment.code import BUILD, REPOSITORY
from lab.secretsmanager import OPERATOR_CALLER
from lab.secretsmanager.backend import REGION
from lab.secretsmanager.clients import SECRET_KEY
from lab.servers import DatabaseServer
from lab.up.place import Place
from lab.up.residents import BY_HAND, ca_bundle, is_built, secret_name
from lab.world import EngineName, StrategyName, World

TEXT = """\
The lab is up. Ctrl-C ends it; nothing is kept.

  Secrets Manager  {url}
{servers}
  Their CA         {ca}
  Functions        {functions}

In another terminal (`aws` is in .venv-sam/bin, too):

  export AWS_ACCESS_KEY_ID={key_id} AWS_SECRET_ACCESS_KEY={key}
  export AWS_DEFAULT_REGION={region}
  export AWS_ENDPOINT_URL_SECRETS_MANAGER={url}

  aws secretsmanager rotate-secret --endpoint-url {url} \\
      --secret-id {secret}
  aws secretsmanager list-secret-version-ids --secret-id {secret}
  aws secretsmanager describe-secret --secret-id {secret}
  .venv/bin/python -m lab login {secret}{options}

Secrets that rotate:
{secrets}
{by_hand}
Rotations, as they happen:
"""
BY_HAND_TEXT = """\
  {name} waits in the middle of a rotation; step by step, with the files of events/:
      curl --data @events/create_secret.json {url}
"""


def instructions(world: World, engines: Sequence[EngineName], servers: Sequence[DatabaseServer], place: Place) -> str:
    """All that the lab prints when it is up at a place."""
    secrets = [secret_name(engine, strategy) for engine in engines for strategy in StrategyName]
    names = [f"{engine.brand} {server.version}" for engine, server in zip(engines, servers, strict=True)]
    return TEXT.format(
        url=world.cloud.endpoint_url,
        servers="\n".join(f"  {n:<16} {s.host}:{s.port}" for n, s in zip(names, servers, strict=True)),
        ca=ca_bundle(place).relative_to(REPOSITORY),
        functions=f"{BUILD.relative_to(REPOSITORY)} (sam build)" if is_built() else "functions/ (nothing is built)",
        key_id=OPERATOR_CALLER,
        key=SECRET_KEY,
        region=REGION,
        secret=secrets[0],
        options=place.options,
        secrets="\n".join(f"  {name}" for name in secrets),
        by_hand=_by_hand(world) if EngineName.POSTGRESQL in engines else "",
    )


def _by_hand(world: World) -> str:
    function = world.functions[f"{EngineName.POSTGRESQL}_{StrategyName.SINGLE_USER}"]
    return BY_HAND_TEXT.format(name=BY_HAND, url=function.url)
