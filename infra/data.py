"""Where data rests: two tables, one bucket for images, and the one key that encrypts all three.

One key, because the boundary it guards is the whole of a deployment's customer data: the route function works on all of
it at once, and who may touch which table or prefix is already settled by each function's own policy.
"""

from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.configuration import Configuration
from infra.findings import acknowledge
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

UNPUBLISHED_DAYS: Final = 7
FILE_DAYS: Final = 30


class Data(Construct):
    """The key, `table`, `audit_table` and `images`; kept after the stack is gone when the configuration says so."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, construct_id)
        self._configuration = configuration
        # On AWS data outlives the stack, but a failed first deployment leaves nothing behind that blocks the next.
        self._removal_policy = (
            RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if configuration.keeps_data else RemovalPolicy.DESTROY
        )
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{configuration.name}",
            description=f"Encrypts the tables and images of {configuration.name}",
            enable_key_rotation=True,
            removal_policy=self._removal_policy,
        )
        # Whoever must be told of a change is told from the stream, so that no change can go untold.
        self.table = self._create_table("Table", TABLE_NAME, dynamodb.StreamViewType.NEW_AND_OLD_IMAGES)
        self._index_jobs()
        self.audit_table = self._create_table("AuditTable", AUDIT_TABLE_NAME)
        self.images = self._create_images_bucket()

    def _create_table(
        self, construct_id: str, base_name: str, stream: dynamodb.StreamViewType | None = None
    ) -> dynamodb.Table:
        # Not TableV2: that one must know account and region at synthesis before it accepts a key of our own.
        return dynamodb.Table(
            self,
            construct_id,
            table_name=self._configuration.named(base_name),
            partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=SORT_KEY, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            time_to_live_attribute=EXPIRES_AT,
            stream=stream,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._configuration.keeps_data,
            removal_policy=self._removal_policy,
        )

    def _index_jobs(self) -> None:
        """Index jobs by project, with what a list is filtered by, and those that are not over by when to check them."""
        text = dynamodb.AttributeType.STRING
        self.table.add_global_secondary_index(
            index_name=BY_PROJECT_INDEX,
            partition_key=dynamodb.Attribute(name=PROJECT_ID, type=text),
            sort_key=dynamodb.Attribute(name=JOB_ID, type=text),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=[STATUS, END_USER],
        )
        self.table.add_global_secondary_index(
            index_name=DUE_INDEX,
            partition_key=dynamodb.Attribute(name=OPEN_SHARD, type=text),
            sort_key=dynamodb.Attribute(name=CHECK_AT, type=text),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )

    def _create_images_bucket(self) -> s3.Bucket:
        # Not versioned: a picture that expired, or that moderation or its owner removed, must be gone, not hidden.
        bucket = s3.Bucket(
            self,
            "Images",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=self._lifecycle_rules(),
            removal_policy=self._removal_policy,
        )
        acknowledge(
            bucket,
            {
                "AwsSolutions-S1": "Images are read only by short-lived signed URLs; server access logs would keep "
                "those URLs, signature included, outside the retention of the images. The audit table records each one."
            },
        )
        return bucket

    def _lifecycle_rules(self) -> list[s3.LifecycleRule]:
        expiry_days = {
            **dict.fromkeys((QUARANTINE_PREFIX, INPUTS_PREFIX, UPLOADS_PREFIX), UNPUBLISHED_DAYS),
            FILES_PREFIX: FILE_DAYS,
            BATCHES_PREFIX: UNPUBLISHED_DAYS,
            PUBLISHED_PREFIX: self._configuration.published_days,
        }
        return [
            *(
                s3.LifecycleRule(id=f"Expire {prefix}", prefix=prefix, expiration=Duration.days(days))
                for prefix, days in expiry_days.items()
            ),
            s3.LifecycleRule(id="Abort uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
        ]
