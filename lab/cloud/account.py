"""Where the lab's AWS is: one account, one region. The account is the one that moto takes for everybody's."""

ACCOUNT, REGION = "123456789012", "us-east-1"
