"""Where the function finds its weights, and what it may import."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

import functions.embedded
from functions.embedded.weights import read_weights, weights_bytes

FOLDER = Path(functions.embedded.__file__).parent


def test_the_layers_package_comes_before_the_repositorys_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "embedded_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "embedded.npz").write_bytes(b"from the layer")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()

    content = weights_bytes()
    sys.modules.pop("embedded_weights", None)

    assert content == b"from the layer"


def test_without_the_package_the_repositorys_file_is_read() -> None:
    weights = read_weights(weights_bytes())

    assert weights.about["words"][:2] == ["<padding>", "<unknown>"]


def test_the_function_imports_only_the_standard_library_numpy_and_pillow() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "PIL", "functions"}

    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, file.name
