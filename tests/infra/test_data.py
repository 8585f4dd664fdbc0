"""Data at rest is encrypted, expires when it should, can be restored, and outlives the stack on AWS."""

import pytest

from shared_names import (
    AUDIT_TABLE_NAME,
    BATCHES_PREFIX,
    BY_PROJECT_INDEX,
    CHECK_AT,
    DUE_INDEX,
    END_USER,
    EXPIRES_AT,
    FILES_PREFIX,
    INPUTS_PREFIX,
    JOB_ID,
    OPEN_SHARD,
    PARTITION_KEY,
    PROJECT_ID,
    PUBLISHED_PREFIX,
    QUARANTINE_PREFIX,
    SORT_KEY,
    STATUS,
    TABLE_NAME,
    UPLOADS_PREFIX,
)
from tests.infra.template import Properties, Template

KEPT_TYPES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key")


def _table(template: Template, name: str) -> Properties:
    (table,) = (
        properties
        for properties in template.of_type("AWS::DynamoDB::Table").values()
        if properties["TableName"] == name
    )
    return table


def test_there_are_exactly_the_two_tables_that_the_code_names(aws: Template) -> None:
    names = {properties["TableName"] for properties in aws.of_type("AWS::DynamoDB::Table").values()}

    assert names == {TABLE_NAME, AUDIT_TABLE_NAME}


@pytest.mark.parametrize("name", [TABLE_NAME, AUDIT_TABLE_NAME])
def test_a_table_has_string_keys_and_is_paid_by_request(aws: Template, name: str) -> None:
    table = _table(aws, name)

    assert table["KeySchema"] == [
        {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
        {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
    ]
    assert {attribute["AttributeType"] for attribute in table["AttributeDefinitions"]} == {"S"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("name", [TABLE_NAME, AUDIT_TABLE_NAME])
def test_a_table_is_encrypted_with_our_key_expires_items_and_can_be_restored(aws: Template, name: str) -> None:
    table = _table(aws, name)

    assert aws.text(table["SSESpecification"]["KMSMasterKeyId"]) == "<DataKey>"
    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRES_AT, "Enabled": True}
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_changes_of_the_table_can_be_told_and_those_of_the_audit_table_cannot(aws: Template) -> None:
    assert _table(aws, TABLE_NAME)["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert "StreamSpecification" not in _table(aws, AUDIT_TABLE_NAME)


def test_the_key_is_rotated(aws: Template) -> None:
    assert aws.only("AWS::KMS::Key")["EnableKeyRotation"] is True


def test_images_are_encrypted_with_our_key(aws: Template) -> None:
    (rule,) = aws.only("AWS::S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert aws.text(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == "<DataKey>"
    assert rule["BucketKeyEnabled"] is True


def test_images_can_never_be_public(aws: Template) -> None:
    bucket = aws.only("AWS::S3::Bucket")

    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_images_are_refused_to_everybody_without_modern_tls(aws: Template) -> None:
    statements = aws.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]

    conditions = [
        statement["Condition"]
        for statement in statements
        if statement["Effect"] == "Deny" and statement["Principal"] == {"AWS": "*"} and statement["Action"] == "s3:*"
    ]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


def test_the_bucket_policy_opens_the_bucket_to_nobody(aws: Template) -> None:
    statements = aws.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]

    assert {statement["Effect"] for statement in statements} == {"Deny"}


def test_images_expire_by_prefix_and_broken_uploads_are_removed(aws: Template) -> None:
    rules = aws.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]

    expiry_days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    short = (QUARANTINE_PREFIX, INPUTS_PREFIX, UPLOADS_PREFIX, BATCHES_PREFIX)
    assert expiry_days == {**dict.fromkeys(short, 7), FILES_PREFIX: 30, PUBLISHED_PREFIX: 365}
    assert {"DaysAfterInitiation": 1} in [rule.get("AbortIncompleteMultipartUpload") for rule in rules]
    assert {rule["Status"] for rule in rules} == {"Enabled"}


def test_a_removed_image_is_gone_because_no_versions_are_kept(aws: Template) -> None:
    assert "VersioningConfiguration" not in aws.only("AWS::S3::Bucket")


def test_on_aws_data_outlives_the_stack_but_not_a_failed_first_deployment(aws: Template) -> None:
    kept = [resource for resource in aws.resources.values() if resource["Type"] in KEPT_TYPES]

    assert {resource["DeletionPolicy"] for resource in kept} == {"RetainExceptOnCreate"}
    assert {resource["UpdateReplacePolicy"] for resource in kept} == {"Retain"}
    assert all(_table(aws, name)["DeletionProtectionEnabled"] for name in (TABLE_NAME, AUDIT_TABLE_NAME))


def test_on_the_emulator_nothing_is_kept(local: Template) -> None:
    kept = [resource for resource in local.resources.values() if resource["Type"] in KEPT_TYPES]

    assert {resource["DeletionPolicy"] for resource in kept} == {"Delete"}
    assert not any(_table(local, name)["DeletionProtectionEnabled"] for name in (TABLE_NAME, AUDIT_TABLE_NAME))


def test_jobs_are_indexed_by_project_and_those_under_way_by_when_to_check_them(aws: Template) -> None:
    indexes = {one["IndexName"]: one for one in _table(aws, TABLE_NAME)["GlobalSecondaryIndexes"]}

    keys = {name: [key["AttributeName"] for key in one["KeySchema"]] for name, one in indexes.items()}
    assert keys == {BY_PROJECT_INDEX: [PROJECT_ID, JOB_ID], DUE_INDEX: [OPEN_SHARD, CHECK_AT]}
    assert indexes[BY_PROJECT_INDEX]["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": [STATUS, END_USER],
    }
    assert indexes[DUE_INDEX]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
