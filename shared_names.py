"""Names the stack and the code must agree on; imports nothing, so that `infra` and the functions can both read it."""

from typing import Final

# Environment variables of the functions. Their values are set in `infra`, read in `imagegate.wiring`.
TABLE: Final = "IMAGEGATE_TABLE"
AUDIT_TABLE: Final = "IMAGEGATE_AUDIT_TABLE"
IMAGES_BUCKET: Final = "IMAGEGATE_IMAGES_BUCKET"
EMBEDDED_FUNCTION: Final = "IMAGEGATE_EMBEDDED_FUNCTION"
PROVIDER_SECRETS: Final = "IMAGEGATE_PROVIDER_SECRETS"
PROVIDER_ENDPOINTS: Final = "IMAGEGATE_PROVIDER_ENDPOINTS"
DELIVERY_MACHINE: Final = "IMAGEGATE_DELIVERY_MACHINE"

# Which of them each function is given. A function that needs none gets none.
FUNCTION_ENVIRONMENT: Final[dict[str, tuple[str, ...]]] = {
    "authorize": (TABLE,),
    "route": (
        TABLE,
        AUDIT_TABLE,
        IMAGES_BUCKET,
        EMBEDDED_FUNCTION,
        PROVIDER_SECRETS,
        PROVIDER_ENDPOINTS,
        DELIVERY_MACHINE,
    ),
    "moderate": (),
    "webhook": (),
    "notify": (TABLE, DELIVERY_MACHINE),
    "deliver": (TABLE, PROVIDER_ENDPOINTS),
    "embedded": (),
}

# What a schedule tells the function that it wakes, under the name `task`.
TASK_ANNOUNCE_DEPRECATIONS: Final = "announce_deprecations"

# Resource names.
TABLE_NAME: Final = "imagegate"
AUDIT_TABLE_NAME: Final = "imagegate-audit"
DELIVERY_MACHINE_NAME: Final = "imagegate-webhook-delivery"
PROVIDER_SECRET_PREFIX: Final = "imagegate/providers/"
STACK_NAME: Final = "Imagegate"

# Table attributes that DynamoDB itself must know.
PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"
EXPIRES_AT: Final = "expires_at"

# Beginnings of partition keys that the filter of the table's stream must know.
EVENTS_PREFIX: Final = "EVENTS#"
BUDGET_PREFIX: Final = "BUDGET#"

# Object prefixes in the images bucket.
QUARANTINE_PREFIX: Final = "quarantine/"
PUBLISHED_PREFIX: Final = "published/"
INPUTS_PREFIX: Final = "inputs/"
UPLOADS_PREFIX: Final = "uploads/"
IMAGE_PREFIXES: Final = (QUARANTINE_PREFIX, PUBLISHED_PREFIX, INPUTS_PREFIX, UPLOADS_PREFIX)

# Stack outputs.
OUTPUT_API_ID: Final = "ApiId"
OUTPUT_API_URL: Final = "ApiUrl"
OUTPUT_STAGE: Final = "ApiStage"
OUTPUT_TABLE: Final = "TableName"
OUTPUT_AUDIT_TABLE: Final = "AuditTableName"
OUTPUT_IMAGES_BUCKET: Final = "ImagesBucketName"
