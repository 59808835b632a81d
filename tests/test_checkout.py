"""The commit of the sources: recorded where it is known, and never a reason to fail."""

import shutil
import subprocess
from pathlib import Path

import pytest

from regression_model.training.manifest import source_commit

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody with a name."""
    named = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(["git", *named, *arguments], cwd=folder, capture_output=True, check=True)
    return ran.stdout.decode().strip()


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in a checkout with one commit."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "checkout" / "package"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder.parent / ".gitignore").write_text("*.onnx\n", encoding="utf-8")
    git(folder.parent, "init", "--quiet")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "--quiet", "--message", "All of it")
    return folder


@needs_git
def test_the_commit_of_a_clean_checkout(sources: Path) -> None:
    """What is ignored, and what lies outside the package, does not count."""
    (sources / "trained.onnx").write_text("", encoding="utf-8")
    (sources.parent / "notes.txt").write_text("", encoding="utf-8")
    assert source_commit(sources) == git(sources, "rev-parse", "HEAD")


@needs_git
@pytest.mark.parametrize("name", ["__init__.py", "new.py"])
def test_changes_are_said(sources: Path, name: str) -> None:
    """Of a file that is tracked, and of one that is not yet."""
    (sources / name).write_text("1\n", encoding="utf-8")
    assert source_commit(sources) == f"{git(sources, 'rev-parse', 'HEAD')}, with changes"


@needs_git
def test_an_environment_inside_a_checkout_is_no_checkout(sources: Path) -> None:
    """The commit of somebody's own project says nothing of an installed package."""
    installed = sources.parent / ".venv" / "package"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("", encoding="utf-8")
    assert source_commit(installed) is None


def test_no_checkout_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is recorded, and nothing fails."""
    (tmp_path / "__init__.py").write_text("", encoding="utf-8")
    assert source_commit(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert source_commit(tmp_path) is None
