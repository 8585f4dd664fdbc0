"""Builds the folders that Lambda unpacks, without Docker; a finished folder is cached under a hash of all that made it.

Imports nothing of CDK. The wheels are chosen for the *target* interpreter, which on the emulator is the host's own.
"""

import compileall
import hashlib
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Part of every cache key: raise it when the rules below change what a bundle holds.
RULES_VERSION: Final = 1
MANYLINUX_TAGS: Final = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_24", "manylinux_2_17")
LEGACY_TAG: Final = "manylinux2014"
# The SDK is in the Lambda runtime; the rest is never imported by a function.
STRIPPED_PACKAGES: Final = ("boto3", "botocore", "s3transfer", "bin")
STRIPPED_FOLDERS: Final = ("tests", "__pycache__")
# Notes of the installer, some different at each run; METADATA stays, because libraries read their own version there.
STRIPPED_FILES: Final = (
    "*.pyi",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/uv_cache.json",
    "*.dist-info/direct_url.json",
    ".lock",
)
CODE_SOURCES: Final = ("imagegate", "functions", "shared_names.py")
CODE_EXCLUDED: Final = ("imagegate/cli/",)


class BundlingError(RuntimeError):
    """A bundle cannot be built; the message says what is missing and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The Python that will import the bundle."""

    version: str
    machine: str
    system: str = "Linux"

    @property
    def shares_bytecode_with_host(self) -> bool:
        """Whether the host's compiler writes byte-code that this interpreter accepts."""
        return self.version == HOST.version


HOST: Final = Interpreter(
    version=f"{sys.version_info.major}.{sys.version_info.minor}", machine=platform.machine(), system=platform.system()
)
AWS_LAMBDA: Final = Interpreter(version="3.13", machine="aarch64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A finished folder, and the digest of everything that decided its content."""

    folder: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer to build: locked requirements, files to put beside them, and a limit that keeps cold starts short."""

    name: str
    lock: Path
    limit_megabytes: int
    extra_files: Mapping[str, bytes]


def bundle_layer(layer: Layer, interpreter: Interpreter, cache: Path) -> Bundle:
    """Install the locked wheels for the interpreter into a `python/` folder, or find it in the cache."""
    if not layer.lock.is_file():
        raise BundlingError(f"{layer.lock} is missing: it locks what the {layer.name} layer holds")
    digest = _digest([(layer.lock.name, layer.lock.read_bytes()), *layer.extra_files.items()], interpreter)

    def fill(folder: Path) -> None:
        packages = folder / "python"
        _install(layer.lock, packages, interpreter)
        _strip(packages)
        for name, content in layer.extra_files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        _precompile(packages, interpreter, prefix="/opt/python")
        _check_size(layer, folder)

    return _cached(f"layer-{layer.name}", digest, fill, cache)


def bundle_code(root: Path, interpreter: Interpreter, cache: Path) -> Bundle:
    """Collect the product's own code for all functions, without the command line and without byte-code of others."""
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in _code_files(root)}

    def fill(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        _precompile(folder, interpreter, prefix="/var/task")

    return _cached("code", _digest(sorted(files.items()), interpreter), fill, cache)


def size_in_bytes(folder: Path) -> int:
    """Add up the files in a folder: the unzipped size that Lambda counts against its 250 MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _code_files(root: Path) -> Iterator[Path]:
    for source in CODE_SOURCES:
        candidates = (root / source).rglob("*") if (root / source).is_dir() else [root / source]
        for path in candidates:
            name = path.relative_to(root).as_posix()
            is_hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(root).parts)
            if path.is_file() and not is_hidden and not name.startswith(CODE_EXCLUDED):
                yield path


def _digest(contents: list[tuple[str, bytes]], interpreter: Interpreter) -> str:
    compiler = HOST.version if interpreter.shares_bytecode_with_host else "none"
    digest = hashlib.sha256(f"{RULES_VERSION} {interpreter} compiled by {compiler}".encode())
    for name, content in contents:
        digest.update(f"\n{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _cached(kind: str, digest: str, fill: Callable[[Path], None], cache: Path) -> Bundle:
    folder = cache / f"{kind}-{digest[:20]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=f".{kind}-") as staging:
            content = Path(staging) / "content"
            content.mkdir()
            fill(content)
            sys.stderr.write(f"Bundled {kind}: {size_in_bytes(content) / 1e6:.1f} MB unzipped\n")
            try:
                content.rename(folder)
            except OSError:
                # Another synth finished the same bundle in the meantime; both hold the same files.
                if not folder.is_dir():
                    raise
    return Bundle(folder=folder, digest=digest)


def _install(lock: Path, packages: Path, interpreter: Interpreter) -> None:
    uv = _find_uv()
    command = [uv, *_uv_arguments(interpreter)] if uv else [sys.executable, *_pip_arguments(interpreter)]
    wheels_only = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(lock), "--target", str(packages)]
    # The arguments are ours, and the lock file pins every wheel by hash.
    result = subprocess.run([*command, *wheels_only], capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise BundlingError(
            f"installing {lock.name} for Python {interpreter.version} on {interpreter.machine} failed:\n"
            f"{result.stderr.strip()[-2000:]}\nIf there is neither uv nor pip beside {sys.executable}, install uv."
        )


def _find_uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    among_tools = Path(sys.prefix).with_name("tools") / "bin" / "uv"
    found = next((path for path in (beside, among_tools) if path.is_file()), None)
    return str(found) if found else shutil.which("uv")


def _uv_arguments(interpreter: Interpreter) -> list[str]:
    base = ["pip", "install", "--quiet", "--link-mode", "copy"]
    if interpreter == HOST:
        return [*base, "--python", sys.executable]
    machine_platform = f"{interpreter.machine}-{MANYLINUX_TAGS[0]}"
    return [*base, "--python-version", interpreter.version, "--python-platform", machine_platform]


def _pip_arguments(interpreter: Interpreter) -> list[str]:
    base = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    if interpreter == HOST:
        return base
    tags = [f"{tag}_{interpreter.machine}" for tag in (*MANYLINUX_TAGS, LEGACY_TAG)]
    platforms = [argument for tag in tags for argument in ("--platform", tag)]
    return [*base, "--implementation", "cp", "--python-version", interpreter.version, *platforms]


def _strip(packages: Path) -> None:
    for name in STRIPPED_PACKAGES:
        for path in (packages / name, *packages.glob(f"{name}-*.dist-info")):
            shutil.rmtree(path, ignore_errors=True)
    for name in STRIPPED_FOLDERS:
        for path in sorted(packages.rglob(name)):
            shutil.rmtree(path, ignore_errors=True)
    for pattern in STRIPPED_FILES:
        for path in list(packages.rglob(pattern)):
            path.unlink()


def _precompile(folder: Path, interpreter: Interpreter, *, prefix: str) -> None:
    """Write byte-code that carries no timestamp: Lambda's folders are read-only, so it could not write its own."""
    if not interpreter.shares_bytecode_with_host:
        return
    compileall.compile_dir(
        folder,
        quiet=2,
        stripdir=str(folder),
        prependdir=prefix,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def _check_size(layer: Layer, folder: Path) -> None:
    megabytes = size_in_bytes(folder) / 1e6
    if megabytes > layer.limit_megabytes:
        raise BundlingError(
            f"the {layer.name} layer is {megabytes:.0f} MB unzipped, more than its limit of {layer.limit_megabytes} MB"
        )
