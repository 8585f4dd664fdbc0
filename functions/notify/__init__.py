"""The `notify` function: what the table tells, turned into deliveries."""
