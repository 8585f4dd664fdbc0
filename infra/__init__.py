"""The AWS resources of Imagegate, as CDK constructs: one construct per concern, wired in `infra.stack`."""
