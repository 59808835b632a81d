"""Every direct library has a reason, and the page of the dependencies has them all."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path.stem for path in (ROOT / "requirements").glob("*.in"))

pytestmark = pytest.mark.usefixtures("releasing")


def module(name: str) -> ModuleType:
    """One module of the release tools."""
    return import_module(f"releasing.{name}")


@pytest.mark.parametrize("name", FILES)
def test_every_library_has_a_reason_which_is_on_the_page(name: str) -> None:
    """After a change: a comment above the library, and `tox -e dependencies`."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")] for line in page.splitlines()]
    for library in module("requirements").libraries(name):
        assert library.reason, f"{library.name} in {name}.in has no comment above it"
        written = library.reason.replace("|", "\\|")
        assert any(library.name in row and written in row for row in rows), library.name


def test_a_reason_is_the_comment_directly_above(tmp_path: Path) -> None:
    """What stands at the top of a file is about the file, which is enough for a tool."""
    text = "# about the file\n\n# two\n# lines\nA_b>=1 ; python_version < '3.13'\na-b>=2\nc\n"
    (tmp_path / "some.in").write_text(text, encoding="utf-8")
    (tmp_path / "train.in").write_text(text, encoding="utf-8")
    for name, otherwise in (("some", "about the file"), ("train", "")):
        read = module("requirements").libraries(name, folder=tmp_path)
        assert [("a-b", "two lines", 2), ("c", otherwise, 1)] == [
            (library.name, library.reason, len(library.lines)) for library in read
        ]


def test_what_several_libraries_bring_is_counted_once() -> None:
    """The size with all that a library brings; extras of others do not count."""
    installed = module("installed").Installed(
        requires={"a": ("c",), "b": ("c", "d"), "c": ("d",), "d": ()}, versions={}
    )
    assert {"a", "c", "d"} == installed.closure(["a"])
    assert {"a", "b", "c", "d"} == installed.closure(["a", "b"])


def test_an_audit_that_got_no_answer_is_not_one_that_found_nothing() -> None:
    """pip-audit itself ends with exit code 0 where an index does not know a library."""
    vulnerabilities = module("audit")._vulnerabilities
    known = {"id": "PYSEC-1", "fix_versions": ["2.1"]}
    assert ["a 2.0: PYSEC-1, fixed in 2.1"] == list(
        vulnerabilities([{"name": "a", "version": "2.0", "vulns": [known]}])
    )
    with pytest.raises(LookupError, match="not found"):
        list(vulnerabilities([{"name": "a", "skip_reason": "not found"}]))


def test_an_audit_asks_about_every_version_of_a_lock() -> None:
    """Those for other platforms too; pip-audit refuses a file with two versions of a library."""
    pins = [("a", "1"), ("a", "2"), ("b", "1")]
    assert ["a==1\nb==1\n", "a==2\n"] == module("audit")._files(pins)


def test_the_picture_has_every_direct_library_of_the_base_install() -> None:
    """And it can be read by any program that reads SVG."""
    text = (ROOT / "docs" / "dependencies.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    drawn = set(re.findall(r'<text class="name"[^>]*>([^<]+)<', text))
    direct = {library.name for library in module("requirements").libraries("runtime")}
    assert direct < drawn


def test_a_library_stands_to_the_right_of_all_that_require_it() -> None:
    """So that every line leads from left to right."""
    graph = {"root": ["a", "c"], "a": ["b"], "b": ["c"], "c": []}
    text = module("picture").draw("root", graph, {}, ["a", "c"])
    places = dict(re.findall(r'<text class="name" x="(\d+)"[^>]*>(\w+)<', text))
    assert ["root", "a", "b", "c"] == [places[x] for x in sorted(places, key=int)]
