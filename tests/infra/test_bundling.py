"""Bundles suit the Python that imports them, hold nothing needless, and are built once; the wheels here are tiny."""

import hashlib
import zipfile
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from infra import bundling
from infra.bundling import AWS_LAMBDA, HOST, BundlingError, Interpreter, Layer, bundle_code, bundle_layer

ANY: Final = "py3-none-any"
LAMBDA: Final = "cp313-cp313-manylinux_2_28_aarch64"
METADATA: Final = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
UNCHECKED_HASH: Final = 1


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder of wheels, a lock that names them, and a cache."""

    folder: Path

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def layer(self, *, limit_megabytes: int = 1) -> Layer:
        lock = self.folder / "layer-demo.txt"
        return Layer(name="demo", lock=lock, limit_megabytes=limit_megabytes, extra_files={})

    def write_wheel(self, tag: str, content: dict[str, str]) -> None:
        files = {
            "demo/__init__.py": f'TAG = "{tag}"\n',
            "demo-1.0.dist-info/METADATA": METADATA,
            "demo-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
            **content,
        }
        record = "".join(f"{name},,\n" for name in (*files, "demo-1.0.dist-info/RECORD"))
        with zipfile.ZipFile(self.folder / f"demo-1.0-{tag}.whl", "w") as wheel:
            for name, text in {**files, "demo-1.0.dist-info/RECORD": record}.items():
                wheel.writestr(name, text)

    def write_lock(self) -> None:
        hashes = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in sorted(self.folder.glob("*.whl"))]
        pinned = " ".join(["demo==1.0", *(f"--hash=sha256:{digest}" for digest in hashes)])
        lock = f"--no-index\n--find-links {self.folder}\n{pinned}\n"
        (self.folder / "layer-demo.txt").write_text(lock, encoding="utf-8")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Wheels of one package: one for Lambda's Python on arm64, one for any other."""
    made = Workshop(tmp_path)
    made.write_wheel(LAMBDA, {})
    needless = {"demo/tests/__init__.py": "", "demo/__init__.pyi": "", "boto3/__init__.py": ""}
    made.write_wheel(ANY, needless)
    made.write_lock()
    return made


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("interpreter", "tag"), [(AWS_LAMBDA, LAMBDA), (HOST, ANY)])
def test_a_layer_holds_the_wheels_of_the_python_that_will_import_it(
    workshop: Workshop, interpreter: Interpreter, tag: str
) -> None:
    bundle = bundle_layer(workshop.layer(), interpreter, workshop.cache)

    assert (bundle.folder / "python/demo/__init__.py").read_text(encoding="utf-8") == f'TAG = "{tag}"\n'


def test_a_layer_keeps_what_libraries_read_and_drops_the_rest(workshop: Workshop) -> None:
    bundle = bundle_layer(workshop.layer(), HOST, workshop.cache)

    names = {name for name in _contents(bundle.folder) if not name.endswith(".pyc")}
    assert names == {
        "python/demo/__init__.py",
        "python/demo-1.0.dist-info/METADATA",
        "python/demo-1.0.dist-info/WHEEL",
    }


def test_bytecode_for_the_hosts_own_python_carries_no_timestamp(workshop: Workshop) -> None:
    bundle = bundle_layer(workshop.layer(), HOST, workshop.cache)

    (compiled,) = bundle.folder.rglob("*.pyc")
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == UNCHECKED_HASH


def test_no_bytecode_is_made_for_a_python_that_could_not_read_it(workshop: Workshop) -> None:
    other = replace(HOST, version="3.10" if HOST.version != "3.10" else "3.11")

    bundle = bundle_layer(workshop.layer(), other, workshop.cache)

    assert not list(bundle.folder.rglob("*.pyc"))


def test_building_twice_gives_the_same_bytes_and_the_same_digest(workshop: Workshop) -> None:
    first = bundle_layer(workshop.layer(), HOST, workshop.cache)
    second = bundle_layer(workshop.layer(), HOST, workshop.folder / "another cache")

    assert first.digest == second.digest
    assert _contents(first.folder) == _contents(second.folder)


def test_a_finished_layer_is_not_built_again(workshop: Workshop) -> None:
    first = bundle_layer(workshop.layer(), HOST, workshop.cache)
    for wheel in workshop.folder.glob("*.whl"):
        wheel.unlink()

    assert bundle_layer(workshop.layer(), HOST, workshop.cache) == first


def test_a_build_leaves_nothing_but_the_bundle(workshop: Workshop) -> None:
    bundle = bundle_layer(workshop.layer(), HOST, workshop.cache)

    assert list(workshop.cache.iterdir()) == [bundle.folder]


def test_another_lock_or_file_or_interpreter_makes_another_layer(workshop: Workshop) -> None:
    plain = workshop.layer()
    with_file = replace(plain, extra_files={"python/weights/weights.npz": b"weights"})
    bundles = [bundle_layer(layer, HOST, workshop.cache) for layer in (plain, with_file)]
    bundles.append(bundle_layer(plain, AWS_LAMBDA, workshop.cache))
    plain.lock.write_text(plain.lock.read_text(encoding="utf-8") + "# locked again\n", encoding="utf-8")
    bundles.append(bundle_layer(plain, HOST, workshop.cache))

    assert len({bundle.digest for bundle in bundles}) == 4
    assert (bundles[1].folder / "python/weights/weights.npz").read_bytes() == b"weights"


def test_a_wheel_that_is_not_the_locked_one_is_refused(workshop: Workshop) -> None:
    workshop.write_wheel(ANY, {"demo/extra.py": "surprise = True\n"})

    with pytest.raises(BundlingError, match=r"installing layer-demo\.txt for Python"):
        bundle_layer(workshop.layer(), HOST, workshop.cache)

    assert not list(workshop.cache.iterdir())


def test_a_layer_over_its_limit_is_refused(workshop: Workshop) -> None:
    with pytest.raises(BundlingError, match="more than its limit of 0 MB"):
        bundle_layer(workshop.layer(limit_megabytes=0), HOST, workshop.cache)


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundlingError, match=r"layer-demo\.txt is missing"):
        bundle_layer(Workshop(tmp_path).layer(), HOST, tmp_path)


def test_pip_is_told_every_platform_that_lambda_accepts() -> None:
    arguments = bundling._pip_arguments(AWS_LAMBDA)

    platforms = [value for flag, value in pairwise(arguments) if flag == "--platform"]
    assert arguments[arguments.index("--python-version") + 1] == "3.13"
    assert "manylinux_2_28_aarch64" in platforms
    assert "manylinux2014_aarch64" in platforms


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small tree with everything that the code asset must and must not take."""
    names = (
        "shared_names.py",
        "app.py",
        "imagegate/__init__.py",
        "imagegate/catalog/demo.toml",
        "imagegate/cli/main.py",
        "imagegate/client.py",
        "imagegate/__pycache__/old.cpython-311.pyc",
        "functions/route/handler.py",
        "functions/.DS_Store",
        "tests/test_demo.py",
    )
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    return tmp_path


def test_the_code_asset_holds_the_functions_and_the_product_without_its_command_line(checkout: Path) -> None:
    bundle = bundle_code(checkout, HOST, checkout / ".cache")

    names = {name for name in _contents(bundle.folder) if not name.endswith(".pyc")}
    assert names == {
        "shared_names.py",
        "imagegate/__init__.py",
        "imagegate/catalog/demo.toml",
        "imagegate/client.py",
        "functions/route/handler.py",
    }


def test_the_code_asset_changes_with_the_code_and_with_nothing_else(checkout: Path) -> None:
    first = bundle_code(checkout, HOST, checkout / ".cache")
    (checkout / "imagegate/__pycache__/new.cpython-311.pyc").write_bytes(b"new")
    (checkout / "tests/test_more.py").write_text("", encoding="utf-8")
    again = bundle_code(checkout, HOST, checkout / ".cache")
    (checkout / "imagegate/catalog/demo.toml").write_text("price = 1\n", encoding="utf-8")
    changed = bundle_code(checkout, HOST, checkout / ".cache")

    assert again == first
    assert changed.digest != first.digest
