"""Synthesizes Imagegate's stack; calls no AWS service, and fails while a security finding has no stated reason."""

import sys
from typing import Final

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra import configuration
from infra.bundling import BundlingError
from infra.stack import ImagegateStack
from shared_names import STACK_NAME

USAGE_ERROR: Final = 2


def main() -> None:
    """Build the one stack for the target that the context names."""
    app = App()
    chosen = configuration.read(app.node.try_get_context)
    is_default_name = chosen.name == configuration.DEFAULT_NAME
    ImagegateStack(
        app,
        STACK_NAME,
        configuration=chosen,
        # A second deployment in the same account needs a name of its own; commands use the construct's id either way.
        stack_name=None if is_default_name else f"{STACK_NAME}-{chosen.name}",
    )
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (BundlingError, configuration.ConfigurationError) as error:
        sys.stderr.write(f"Cannot synthesize: {error}\n")
        sys.exit(USAGE_ERROR)
