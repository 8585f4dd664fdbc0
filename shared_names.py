"""Names the stack and the code must agree on; imports nothing, so that `infra` and the functions can both read it."""

from typing import Final

# Environment variables of the functions. Their values are set in `infra`, read in `imagegate.wiring`.
TABLE: Final = "IMAGEGATE_TABLE"
AUDIT_TABLE: Final = "IMAGEGATE_AUDIT_TABLE"
IMAGES_BUCKET: Final = "IMAGEGATE_IMAGES_BUCKET"
EMBEDDED_FUNCTION: Final = "IMAGEGATE_EMBEDDED_FUNCTION"
PROVIDER_SECRETS: Final = "IMAGEGATE_PROVIDER_SECRETS"
PROVIDER_ENDPOINTS: Final = "IMAGEGATE_PROVIDER_ENDPOINTS"
GENERATION_MACHINE: Final = "IMAGEGATE_GENERATION_MACHINE"
BATCH_MACHINE: Final = "IMAGEGATE_BATCH_MACHINE"
DELIVERY_MACHINE: Final = "IMAGEGATE_DELIVERY_MACHINE"
PUBLIC_URL: Final = "IMAGEGATE_PUBLIC_URL"

# What a function needs that takes steps of generations.
_GENERATIONS: Final = (
    TABLE,
    AUDIT_TABLE,
    IMAGES_BUCKET,
    EMBEDDED_FUNCTION,
    PROVIDER_SECRETS,
    PROVIDER_ENDPOINTS,
    PUBLIC_URL,
)

# Which of them each function is given. A function that needs none gets none.
FUNCTION_ENVIRONMENT: Final[dict[str, tuple[str, ...]]] = {
    "authorize": (TABLE,),
    "route": (*_GENERATIONS, GENERATION_MACHINE, BATCH_MACHINE, DELIVERY_MACHINE),
    "job": (*_GENERATIONS, GENERATION_MACHINE),
    "batch": (*_GENERATIONS, GENERATION_MACHINE),
    "moderate": (),
    "webhook": (TABLE, AUDIT_TABLE, PROVIDER_SECRETS, PROVIDER_ENDPOINTS, GENERATION_MACHINE),
    "notify": (TABLE, DELIVERY_MACHINE),
    "deliver": (TABLE, PROVIDER_ENDPOINTS),
    "embedded": (),
    # It asks no provider, so it is told nothing that only providers need.
    "reconcile": (TABLE, AUDIT_TABLE, IMAGES_BUCKET, GENERATION_MACHINE),
}

# What a schedule tells the function that it wakes, under the name `task`.
TASK_ANNOUNCE_DEPRECATIONS: Final = "announce_deprecations"

# Resource names.
TABLE_NAME: Final = "imagegate"
AUDIT_TABLE_NAME: Final = "imagegate-audit"
DELIVERY_MACHINE_NAME: Final = "imagegate-webhook-delivery"
PROVIDER_SECRET_PREFIX: Final = "imagegate/providers/"
STACK_NAME: Final = "Imagegate"
GENERATION_MACHINE_NAME: Final = "imagegate-generation-job"
BATCH_MACHINE_NAME: Final = "imagegate-batch"

# Table attributes that DynamoDB itself must know.
PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"
EXPIRES_AT: Final = "expires_at"

# Secondary indexes of the table, which hold nothing but jobs, and what a job carries for them.
BY_PROJECT_INDEX: Final = "by_project"
PROJECT_ID: Final = "project_id"
JOB_ID: Final = "job_id"
STATUS: Final = "status"
END_USER: Final = "end_user"
DUE_INDEX: Final = "due"
OPEN_SHARD: Final = "open_shard"
CHECK_AT: Final = "check_at"

# Beginnings of partition keys that the filter of the table's stream must know.
EVENTS_PREFIX: Final = "EVENTS#"
BUDGET_PREFIX: Final = "BUDGET#"

# Object prefixes in the images bucket.
QUARANTINE_PREFIX: Final = "quarantine/"
PUBLISHED_PREFIX: Final = "published/"
INPUTS_PREFIX: Final = "inputs/"
UPLOADS_PREFIX: Final = "uploads/"
FILES_PREFIX: Final = "files/"
BATCHES_PREFIX: Final = "batches/"
IMAGE_PREFIXES: Final = (QUARANTINE_PREFIX, PUBLISHED_PREFIX, INPUTS_PREFIX, UPLOADS_PREFIX)

# Stack outputs.
OUTPUT_API_ID: Final = "ApiId"
OUTPUT_API_URL: Final = "ApiUrl"
OUTPUT_STAGE: Final = "ApiStage"
OUTPUT_TABLE: Final = "TableName"
OUTPUT_AUDIT_TABLE: Final = "AuditTableName"
OUTPUT_IMAGES_BUCKET: Final = "ImagesBucketName"
