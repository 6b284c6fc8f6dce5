"""Who is behind an access key: the lab has no IAM of its own, so that the key's name is the user's, or the role's."""

from collections.abc import Mapping
from html import escape

from lab.cloud.account import ACCOUNT
from lab.cloud.errors import AwsError
from lab.cloud.http import XML_TYPE, HttpRequest, Reply

FUNCTION_KEY = "LABFUNCTION"
"""The access key id of the functions, which have a role and not a user."""
FUNCTION_ROLE = "lab-function"
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def identity_of(caller: str, function: str = "lab") -> Mapping[str, object]:
    """Who signs with this access key, as CloudTrail has it; a function's session is called after the function.

    Source: CloudTrail User Guide, "CloudTrail userIdentity element".
    """
    common = {"accountId": ACCOUNT, "accessKeyId": caller}
    if caller == FUNCTION_KEY:
        issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{FUNCTION_ROLE}", "userName": FUNCTION_ROLE}
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{FUNCTION_ROLE}/{function}"
        session = {"sessionIssuer": {**issuer, "accountId": ACCOUNT, "principalId": "AROALAB"}}
        who = {"type": "AssumedRole", "principalId": f"AROALAB:{function}", "arn": arn}
        return {**who, **common, "sessionContext": session}
    arn = f"arn:aws:iam::{ACCOUNT}:user/{caller}"
    return {"type": "IAMUser", "principalId": f"AIDA{caller}", "arn": arn, **common, "userName": caller}


def get_caller_identity(request: HttpRequest) -> Reply:
    """STS's GetCallerIdentity.

    Raises:
        AwsError: the request is not signed.
    """
    if not request.service:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    identity = identity_of(request.caller)
    members = {"UserId": identity["principalId"], "Account": ACCOUNT, "Arn": identity["arn"]}
    result = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items())
    body = (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult>{result}</GetCallerIdentityResult>'
        "<ResponseMetadata><RequestId>lab</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    return Reply(200, XML_TYPE, body.encode())
