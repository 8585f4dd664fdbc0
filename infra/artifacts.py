"""What the functions are made of: one code asset and two layers, bundled without Docker for the chosen target."""

from pathlib import Path
from typing import Final

from aws_cdk import AssetHashType, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import bundling
from infra.configuration import Configuration, Target

ROOT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = ROOT / ".cache" / "bundles"
WEIGHTS: Final = ROOT / "embedded_model" / "weights" / "embedded.npz"
WEIGHTS_MODULE: Final = b'"""Holds the weights of the embedded model, `embedded.npz`, where a function finds them."""\n'
BASE_LIMIT_MEGABYTES: Final = 60
MODELS_LIMIT_MEGABYTES: Final = 200


class Artifacts(Construct):
    """`code` for every function, and the layers by the names that the function plans use."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, construct_id)
        is_local = configuration.target is Target.LOCAL
        self._interpreter = bundling.HOST if is_local else bundling.AWS_LAMBDA
        self.code = self._bundled_code()
        self.layers = {
            "base": self._create_layer("base", BASE_LIMIT_MEGABYTES),
            "models": self._create_layer("models", MODELS_LIMIT_MEGABYTES),
        }

    @property
    def _is_bundling_required(self) -> bool:
        """Whether the CDK wants assets at all: not for `cdk list` or `cdk destroy`."""
        return Stack.of(self).bundling_required

    def _bundled_code(self) -> lambda_.Code:
        if not self._is_bundling_required:
            return lambda_.Code.from_asset(str(Path(__file__).parent))
        return _as_asset(bundling.bundle_code(ROOT, self._interpreter, CACHE))

    def _create_layer(self, name: str, limit_megabytes: int) -> lambda_.LayerVersion:
        if self._is_bundling_required:
            layer = bundling.Layer(
                name=name,
                lock=ROOT / "requirements" / f"layer-{name}.txt",
                limit_megabytes=limit_megabytes,
                extra_files=_weights() if name == "models" else {},
            )
            code = _as_asset(bundling.bundle_layer(layer, self._interpreter, CACHE))
        else:
            code = lambda_.Code.from_asset(str(Path(__file__).parent))
        return lambda_.LayerVersion(
            self,
            name.capitalize(),
            code=code,
            description=f"Imagegate {name}: requirements/layer-{name}.txt",
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )


def _as_asset(bundle: bundling.Bundle) -> lambda_.Code:
    return lambda_.Code.from_asset(str(bundle.folder), asset_hash=bundle.digest, asset_hash_type=AssetHashType.CUSTOM)


def _weights() -> dict[str, bytes]:
    if not WEIGHTS.is_file():
        raise bundling.BundlingError(
            f"{WEIGHTS.relative_to(ROOT)} is missing: restore it from the repository, or train the embedded model again"
        )
    package = "python/embedded_weights"
    return {f"{package}/__init__.py": WEIGHTS_MODULE, f"{package}/embedded.npz": WEIGHTS.read_bytes()}
