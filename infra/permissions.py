"""What each function may do, beyond writing its log: the whole list, one statement for each need.

`moderate` and `embedded` are absent because they need nothing. The audit table is only ever added to.
"""

from typing import Final

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.configuration import Configuration
from infra.data import Data
from infra.findings import acknowledge
from infra.functions import Functions, machine_arn
from shared_names import (
    BATCH_MACHINE_NAME,
    BATCHES_PREFIX,
    BY_PROJECT_INDEX,
    DELIVERY_MACHINE_NAME,
    DUE_INDEX,
    FILES_PREFIX,
    GENERATION_MACHINE_NAME,
    IMAGE_PREFIXES,
    PROVIDER_SECRET_PREFIX,
    PUBLISHED_PREFIX,
    QUARANTINE_PREFIX,
)

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
    machine = machine_arn(functions, configuration, GENERATION_MACHINE_NAME)
    for function in (functions.route, functions.job):
        function.allow(
            _allow(TABLE_ACTIONS, [data.table.table_arn]),
            _allow(["dynamodb:PutItem"], [data.audit_table.table_arn]),
            _allow(["s3:GetObject", "s3:PutObject"], _image_patterns(data)),
            _list(data, QUARANTINE_PREFIX),
            _allow(["lambda:InvokeFunction"], [functions.embedded.function.function_arn]),
            _allow(["secretsmanager:GetSecretValue"], [secrets]),
            _allow(["states:StartExecution", "states:SendTaskSuccess"], [machine]),
            _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb", "s3"]),
        )
    _grant_lists_and_deletions(functions, data)
    functions.webhook.allow(
        _allow(["dynamodb:GetItem", "dynamodb:PutItem"], [data.table.table_arn]),
        _allow(["secretsmanager:GetSecretValue"], [secrets]),
        _allow(["states:SendTaskSuccess"], [machine]),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb"]),
    )
    functions.reconcile.allow(
        _allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], [data.table.table_arn]),
        _allow(["dynamodb:Query"], [f"{data.table.table_arn}/index/{DUE_INDEX}"]),
        _allow(["dynamodb:PutItem"], [data.audit_table.table_arn]),
        _allow(["s3:DeleteObject"], [data.images.arn_for_objects(f"{QUARANTINE_PREFIX}*")]),
        _list(data, QUARANTINE_PREFIX),
        _allow(["states:StartExecution"], [machine]),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb"]),
    )
    _grant_batches(functions, data, configuration, secrets)
    _grant_deliveries(functions, data, configuration)
    _acknowledge_patterns(functions, data, configuration)


def _grant_batches(functions: Functions, data: Data, configuration: Configuration, secrets: str) -> None:
    files, batches = (data.images.arn_for_objects(f"{prefix}*") for prefix in (FILES_PREFIX, BATCHES_PREFIX))
    functions.route.allow(
        _allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [files]),
        _allow(["states:StartExecution"], [machine_arn(functions, configuration, BATCH_MACHINE_NAME)]),
    )
    functions.batch.allow(
        _allow(TABLE_ACTIONS, [data.table.table_arn]),
        _allow(["dynamodb:PutItem"], [data.audit_table.table_arn]),
        _allow(["s3:GetObject", "s3:PutObject"], _image_patterns(data)),
        _allow(["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], [files, batches]),
        _allow(["secretsmanager:GetSecretValue"], [secrets]),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb", "s3"]),
    )


def _grant_deliveries(functions: Functions, data: Data, configuration: Configuration) -> None:
    deliveries = machine_arn(functions, configuration, DELIVERY_MACHINE_NAME)
    functions.route.allow(_allow(["states:StartExecution"], [deliveries]))
    functions.notify.allow(
        _allow(
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"], [data.table.table_arn]
        ),
        _allow(["states:StartExecution"], [deliveries]),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb"]),
    )
    functions.deliver.allow(
        _allow(["dynamodb:GetItem", "dynamodb:PutItem"], [data.table.table_arn]),
        _use_key(data.key, (*READ_ENCRYPTED, *WRITE_ENCRYPTED), ["dynamodb"]),
    )


def _grant_lists_and_deletions(functions: Functions, data: Data) -> None:
    made = [data.images.arn_for_objects(f"{prefix}*") for prefix in (QUARANTINE_PREFIX, PUBLISHED_PREFIX)]
    functions.route.allow(
        _allow(["dynamodb:BatchGetItem"], [data.table.table_arn]),
        _delete_items(data),
        _allow(["dynamodb:Query"], [f"{data.table.table_arn}/index/{BY_PROJECT_INDEX}"]),
        _allow(["s3:DeleteObject"], made),
        _list(data, PUBLISHED_PREFIX),
    )


def _allow(actions: list[str] | tuple[str, ...], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=resources)


def _delete_items(data: Data) -> iam.PolicyStatement:
    """Allow nothing to be deleted but what a caller may delete: generations, files and webhook endpoints."""
    partitions = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["JOB#*", "PROJECT#*", "ENDPOINTS"]}}
    return iam.PolicyStatement(actions=["dynamodb:DeleteItem"], resources=[data.table.table_arn], conditions=partitions)


def _use_key(key: kms.Key, actions: tuple[str, ...], services: list[str]) -> iam.PolicyStatement:
    """Allow the key only as a service uses it for the caller, so that no function can decrypt by itself."""
    via = [f"{service}.{Aws.REGION}.amazonaws.com" for service in services]
    return iam.PolicyStatement(
        actions=list(actions), resources=[key.key_arn], conditions={"StringEquals": {"kms:ViaService": via}}
    )


def _list(data: Data, prefix: str) -> iam.PolicyStatement:
    """Allow to see what was stored below a prefix, such as by a function that died, and nothing else in the bucket."""
    return iam.PolicyStatement(
        actions=["s3:ListBucket"],
        resources=[data.images.bucket_arn],
        conditions={"StringLike": {"s3:prefix": f"{prefix}*"}},
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
    for function in (functions.route, functions.job):
        acknowledge(
            function,
            {
                **{f"AwsSolutions-IAM5[Resource::{bucket}/{prefix}*]": objects for prefix in IMAGE_PREFIXES},
                f"AwsSolutions-IAM5[Resource::{pattern}]": secrets,
            },
        )
    kept = (FILES_PREFIX, BATCHES_PREFIX)
    acknowledge(
        functions.batch,
        {
            **{f"AwsSolutions-IAM5[Resource::{bucket}/{prefix}*]": objects for prefix in (*IMAGE_PREFIXES, *kept)},
            f"AwsSolutions-IAM5[Resource::{pattern}]": secrets,
        },
    )
    acknowledge(functions.route, {f"AwsSolutions-IAM5[Resource::{bucket}/{FILES_PREFIX}*]": objects})
    acknowledge(
        functions.notify, {"AwsSolutions-IAM5[Resource::*]": "dynamodb:ListStreams knows no resources; nor does X-Ray."}
    )
    acknowledge(functions.reconcile, {f"AwsSolutions-IAM5[Resource::{bucket}/{QUARANTINE_PREFIX}*]": objects})
    acknowledge(functions.webhook, {f"AwsSolutions-IAM5[Resource::{pattern}]": secrets})
