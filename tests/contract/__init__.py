"""Contract tests: every adapter against a validating mock server made from its own specification."""
