"""Reading a configuration takes work in proportion to its size, up to a limit."""

from collections.abc import Callable
from pathlib import Path

import pytest

strictyaml = pytest.importorskip("strictyaml")

from regression_model.config.core import CONFIG_FILE_PATH, load_config, parse_config  # noqa: E402
from regression_model.config.derived import Derived, in_order  # noqa: E402
from regression_model.config.reading import MOST_CHARACTERS, read_yaml  # noqa: E402
from regression_model.errors import ConfigError  # noqa: E402

HEAD = """\
name: large
description: a table of many columns
target:
  name: y
  description: what is predicted
data:
  training: rows.csv
estimator:
  ridge:
    alpha: 1
features:
"""


def feature(name: str, kind: str = "number", **more: str) -> str:
    """The lines of one feature."""
    lines = {"description": "a column", "kind": kind, "missing": "most_frequent"} | more
    return f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in lines.items())


def words(stem: str, count: int) -> str:
    """So many words, separated by commas."""
    return ", ".join(f"{stem}{i}" for i in range(count))


def sum_of_two(first: str, second: str) -> str:
    return f"    sum: {first}, {second}\n"


def numbers(count: int) -> str:
    """The lines of so many features."""
    return "".join(feature(f"f{i}") for i in range(count))


def chain(count: int) -> str:
    """Derived features, each made from the next."""
    links = "".join(f"  d{i}:\n{sum_of_two('f', f'd{i + 1}')}" for i in range(count - 1))
    return f"derived:\n{links}  d{count - 1}:\n{sum_of_two('f', 'f')}"


LARGE: dict[str, Callable[[int], str]] = {
    "levels": lambda n: HEAD + feature("f", "nominal", levels=words("l", 9 * n)),
    "aliases": lambda n: HEAD + feature("f", aliases=words("a", 9 * n)),
    "tokens beside levels": lambda n: HEAD.replace(
        "rows.csv", f"rows.csv\n  missing_values: {words('m', 9 * n)}"
    )
    + feature("f", "nominal", levels=words("l", 9 * n)),
    "an indicator of many levels": lambda n: HEAD
    + feature("f", "nominal", levels=words("l", 9 * n))
    + f"derived:\n  e:\n    equals: f, {words('l', 9 * n)}\n",
    "features": lambda n: HEAD + numbers(n),
    "features in as many groups": lambda n: HEAD
    + numbers(n)
    + f"evaluation:\n  groups: {words('f', n)}\n",
    "derived features, each from the next": lambda n: HEAD + feature("f") + chain(n),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_the_work_is_in_proportion_to_the_size(
    text: Callable[[int], str], calls: Callable[..., int]
) -> None:
    """Twice the size takes twice the calls; `python -m benchmarks.hostile` shows the seconds."""
    parse_config(text(10))  # what is made once
    some = calls(lambda: parse_config(text(100)))
    assert calls(lambda: parse_config(text(200))) < 2.3 * some


def test_of_thousands_of_misspelt_names_the_first_hundred_are_told(
    calls: Callable[..., int],
) -> None:
    """And that there are more; for the others nothing is looked up."""

    def sentences(count: int) -> list[str]:
        groups = f"evaluation:\n  groups: {words('g', count)}\n"
        with pytest.raises(ConfigError) as raised:
            parse_config(f"{HEAD}{numbers(50)}{groups}")
        return str(raised.value).splitlines()

    found = sentences(5_000)
    assert "config.yml:1: there are more mistakes than these 100" == found[0]
    assert 101 == len(found)
    assert calls(lambda: sentences(2_000)) < 2.3 * calls(lambda: sentences(1_000))


def test_a_configuration_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Before anything of it is read, from a file without an end as well."""
    expected = "1: expected at most 2,000,000 characters, got more"
    path = tmp_path / "config.yml"
    path.write_bytes(b"#" * (MOST_CHARACTERS + 1))
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    assert f"{path}:{expected}" == str(raised.value)
    with pytest.raises(ConfigError) as raised:
        parse_config("#" * (MOST_CHARACTERS + 1))
    assert f"config.yml:{expected}" == str(raised.value)
    if Path("/dev/zero").exists():
        with pytest.raises(ConfigError, match=expected):
            load_config("/dev/zero")


@pytest.mark.parametrize(
    "text",
    [
        CONFIG_FILE_PATH.read_text(encoding="utf-8"),
        "a: 1\nb: yes\nc:\nd: ~\ne: 2020-01-01\nf: 0x1f\ng: 'quoted: text'\nh: \"a\\tb\"\n",
        "a: |\n  two\n  lines\nb: >\n  folded\n  text\n\n  and more\nc: plain\n  goes on\n",
        "a:\n- 1\n- b: 2\n  c: 3\n- - x\n  - y\n# a comment\nd: z # another\n",
    ],
    ids=["the packaged one", "texts", "blocks", "lists"],
)
def test_text_is_read_as_strictyaml_reads_it(text: str) -> None:
    """Every value is a text, a list or a dict, whatever it looks like."""
    read, _ = read_yaml(text, "config.yml")
    assert strictyaml.load(text).data == read
    assert all(type(key) is str for key in read)


def derived_of(**inputs: str) -> dict[str, Derived]:
    """Sums by name, each of a few other columns."""
    return {name: Derived.model_validate({"sum": texts}) for name, texts in inputs.items()}


def test_derived_features_stand_after_their_inputs_and_otherwise_as_in_the_file() -> None:
    """Whatever was made first."""
    derived = derived_of(c="b, x", a="x, y", b="a, a", e="g, c", f="e, x", d="x, y", g="x, a")
    assert ("a", "b", "c", "d", "g", "e", "f") == in_order(derived)
