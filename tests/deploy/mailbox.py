"""What a topic tells, gathered by a queue."""

import json
from typing import Any, Self
from uuid import uuid4

from tests.deploy.account import Account
from tests.deploy.ministack import ACCOUNT, REGION, wait_until


class Mailbox:
    """A queue that is subscribed to a topic, until the end of the block."""

    def __init__(self, account: Account, topic_arn: str) -> None:
        self._sqs, self._sns = account.client("sqs"), account.client("sns")
        self._topic_arn = topic_arn
        self.messages: list[str] = []

    def __enter__(self) -> Self:
        name = f"mailbox-{uuid4()}"
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self._subscription = self._sns.subscribe(
            TopicArn=self._topic_arn,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return self

    def __exit__(self, *_: object) -> None:
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)

    def wait_for(self, *words: str) -> str:
        """Wait for a message that has all of these words, and return it."""

        def is_there() -> bool:
            self._take()
            return bool(self._with(words))

        wait_until(is_there, f"a message with {words}")
        return self._with(words)[0]

    def _with(self, words: tuple[str, ...]) -> list[str]:
        return [message for message in self.messages if all(word in message for word in words)]

    def _take(self) -> None:
        answer: dict[str, Any] = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        self.messages += [json.loads(message["Body"])["Message"] for message in answer.get("Messages", [])]
