"""What MiniStack 1.5.33 does otherwise than AWS, where a test has to know. Each name is what to look for in the tests.

Each is asserted by the test that knows it: whoever updates MiniStack learns there what it does as AWS by now.
"""

UNTOLD_OF_FUNCTIONS = {"CodeSigningConfigArn", "KMSKeyArn", "VpcConfig"}
"""CloudFormation takes these properties of a function, and Lambda does not tell them: no function is in a network."""

UNTOLD_OF_ROLES = {"PermissionsBoundary"}
"""The same of a role and IAM."""

EXPORTS_STAY = True
"""An output that an update leaves out stays exported, even when the stack is gone."""

ROTATE_SECRET_INVOKES_NOTHING = True
"""RotateSecret makes a copy of the value AWSCURRENT at once, and invokes no function.

On AWS it makes a version that has no value, for createSecret to fill; no other call makes such a one.
"""

UNKNOWN_TYPES = ("AWS::SecretsManager::RotationSchedule",)
"""Types that its CloudFormation refuses, with the whole template."""

NEVER_ROTATED = True
"""DescribeSecret has no LastRotatedDate, whatever was rotated."""
