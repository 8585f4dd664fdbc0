"""The REST API's shapes: what bodies may hold, how domain records are told as JSON, and the OpenAPI document."""
