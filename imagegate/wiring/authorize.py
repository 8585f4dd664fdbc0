"""Wiring of the `authorize` function."""

import shared_names
from imagegate.app.authenticate import Authenticate
from imagegate.aws import clients
from imagegate.aws.projects import DynamoProjectStore
from imagegate.wiring.deployment import setting


def authenticate() -> Authenticate:
    """Build what the authorizer needs."""
    client = clients.dynamodb(clients.session())
    return Authenticate(projects=DynamoProjectStore(client=client, table=setting(shared_names.TABLE)))
