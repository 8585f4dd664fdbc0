"""House rules that no linter checks: sizes, docstrings, and nothing in the tree that belongs to one machine."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_LINES_IN_A_FILE = 500
MOST_LINES_IN_A_FUNCTION = 40
MOST_BYTES_IN_A_FILE = 16 * 1024 * 1024
# Written in two parts, so that this file passes its own test.
FOREIGN_PATHS = tuple(f"/{folder}/" for folder in ("root", "home", "Users", "work"))
INDEX_HOSTS = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")))


@cache
def _tracked_files() -> tuple[Path, ...]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    files = [ROOT / name for name in listing.split("\0") if name]
    return tuple(file for file in files if file.is_file())


def _python_files() -> list[Path]:
    return [file for file in _tracked_files() if file.suffix == ".py"]


@cache
def _tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _functions(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree_of(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{_name(file)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def _imported_modules(file: Path) -> Iterator[str]:
    for node in ast.walk(_tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_python_file_is_too_long() -> None:
    lengths = {_name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in _python_files()}

    assert {name: length for name, length in lengths.items() if length > MOST_LINES_IN_A_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = dict(function for file in _python_files() for function in _functions(file))

    assert {name: length for name, length in lengths.items() if length > MOST_LINES_IN_A_FUNCTION} == {}


def test_every_module_opens_by_saying_what_it_is_for() -> None:
    bodies = {_name(file): _tree_of(file) for file in _python_files()}

    assert [name for name, tree in bodies.items() if tree.body and not ast.get_docstring(tree)] == []


def test_nothing_is_patched() -> None:
    imports = {_name(file): set(_imported_modules(file)) for file in _python_files()}

    assert [name for name, modules in imports.items() if modules & {"unittest.mock", "mock", "pytest_mock"}] == []


def test_the_domain_imports_only_the_standard_library() -> None:
    imported = {
        (_name(file), module)
        for file in _python_files()
        if _name(file).startswith("imagegate/domain/")
        for module in _imported_modules(file)
    }

    roots = {"imagegate", *sys.stdlib_module_names}
    assert [pair for pair in sorted(imported) if pair[1].split(".")[0] not in roots] == []


@pytest.mark.parametrize("forbidden", [*FOREIGN_PATHS, *INDEX_HOSTS])
def test_nothing_belongs_to_one_machine(forbidden: str) -> None:
    found = [_name(file) for file in _tracked_files() if forbidden.encode() in file.read_bytes()]

    assert found == []


def test_no_file_is_too_large_to_clone() -> None:
    sizes = {_name(file): file.stat().st_size for file in _tracked_files()}

    assert {name: size for name, size in sizes.items() if size > MOST_BYTES_IN_A_FILE} == {}
