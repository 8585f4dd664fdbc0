"""The ports on AWS; the only package that imports boto3."""
