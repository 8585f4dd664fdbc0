"""What each function may do, beyond writing its log: the whole list, one statement for each need.

`moderate`, `webhook` and `embedded` are absent because they need nothing. The audit table is only ever added to.
"""

from typing import Final

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.configuration import Configuration
from infra.data import Data
from infra.findings import acknowledge
from infra.functions import Functions, machine_arn
from shared_names import DELIVERY_MACHINE_NAME, IMAGE_PREFIXES, PROVIDER_SECRET_PREFIX

# What DynamoDB and S3 ask of the caller's own rights when the key is ours.
READ_ENCRYPTED: Final = ("kms:Decrypt", "kms:DescribeKey")
WRITE_ENCRYPTED: Final = (
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
# A transaction's parts are checked as the single operations they are made of.
TABLE_ACTIONS: Final = (
    "dynamodb:ConditionCheckItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
)


def grant(functions: Functions, data: Data, configuration: Configuration) -> None:
    """Give each function exactly what its use cases need."""
    functions.authorize.allow(
        _allow(["dynamodb:GetItem"], [data.table.table_arn]),
        _use_key(data.key, READ_ENCRYPTED, ["dynamodb"]),
    )
    secrets = _secrets_pattern(functions, configuration)
    deliveries = machine_arn(functions, configuration, DELIVERY_MACHINE_NAME)
    functions.route.allow(
        _allow(TABLE_ACTIONS, [data.table.table_arn]),
        _allow(["dynamodb:PutItem"], [data.audit_table.table_arn]),
        _allow(["s3:GetObject", "s3:PutObject"], _image_patterns(data)),
        _allow(["lambda:InvokeFunction"], [functions.embedded.function.function_arn]),
        _allow(["secretsmanager:GetSecretValue"], [secrets]),
        _allow(["states:StartExecution"], [deliveries]),
        _delete_endpoints(data),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb", "s3"]),
    )
    functions.notify.allow(
        _allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], [data.table.table_arn]),
        _allow(["states:StartExecution"], [deliveries]),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb"]),
    )
    functions.deliver.allow(
        _allow(["dynamodb:GetItem", "dynamodb:PutItem"], [data.table.table_arn]),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb"]),
    )
    _acknowledge_patterns(functions, data, configuration)


def _allow(actions: list[str] | tuple[str, ...], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=resources)


def _delete_endpoints(data: Data) -> iam.PolicyStatement:
    """Allow nothing else to be deleted than webhook endpoints, which lie in these partitions."""
    partitions = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PROJECT#*", "ENDPOINTS"]}}
    return iam.PolicyStatement(actions=["dynamodb:DeleteItem"], resources=[data.table.table_arn], conditions=partitions)


def _use_key(key: kms.Key, actions: tuple[str, ...], services: list[str]) -> iam.PolicyStatement:
    """Allow the key only as a service uses it for the caller, so that no function can decrypt by itself."""
    via = [f"{service}.{Aws.REGION}.amazonaws.com" for service in services]
    return iam.PolicyStatement(
        actions=list(actions), resources=[key.key_arn], conditions={"StringEquals": {"kms:ViaService": via}}
    )


def _image_patterns(data: Data) -> list[str]:
    return [data.images.arn_for_objects(f"{prefix}*") for prefix in IMAGE_PREFIXES]


def _secrets_pattern(functions: Functions, configuration: Configuration) -> str:
    """Name secrets by prefix: an operator adds a provider's key after deployment, and ARNs end in random letters."""
    return Stack.of(functions).format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"{configuration.named(PROVIDER_SECRET_PREFIX)}*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _acknowledge_patterns(functions: Functions, data: Data, configuration: Configuration) -> None:
    stack = Stack.of(functions)
    bucket = f"<{stack.resolve(data.images.bucket_arn)['Fn::GetAtt'][0]}.Arn>"
    objects = "Object names are made at run time; the prefixes are all that the function may touch in the bucket."
    secrets = "Operators add one secret for each provider after deployment, all under this deployment's own prefix."
    account = "<AWS::Region>:<AWS::AccountId>"
    pattern = f"arn:<AWS::Partition>:secretsmanager:{account}:secret:{configuration.named(PROVIDER_SECRET_PREFIX)}*"
    acknowledge(
        functions.notify, {"AwsSolutions-IAM5[Resource::*]": "dynamodb:ListStreams knows no resources; nor does X-Ray."}
    )
    acknowledge(
        functions.route,
        {
            **{f"AwsSolutions-IAM5[Resource::{bucket}/{prefix}*]": objects for prefix in IMAGE_PREFIXES},
            f"AwsSolutions-IAM5[Resource::{pattern}]": secrets,
        },
    )
