"""Reading a configuration takes time in proportion to its size, up to a limit."""

import time
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


NUMBERS = "".join(feature(f"f{i}") for i in range(1_000))
LARGE = {
    "50,000 levels": HEAD + feature("f", "nominal", levels=words("l", 50_000)),
    "50,000 aliases": HEAD + feature("f", aliases=words("a", 50_000)),
    "20,000 tokens beside 20,000 levels": HEAD.replace(
        "rows.csv", f"rows.csv\n  missing_values: {words('m', 20_000)}"
    )
    + feature("f", "nominal", levels=words("l", 20_000)),
    "an indicator of 20,000 levels": HEAD
    + feature("f", "nominal", levels=words("l", 20_000))
    + f"derived:\n  e:\n    equals: f, {words('l', 20_000)}\n",
    "1,000 features": HEAD + NUMBERS,
    "1,000 features in as many groups": HEAD
    + NUMBERS
    + f"evaluation:\n  groups: {words('f', 1_000)}\n",
    "1,000 derived features, each from the next": HEAD
    + feature("f")
    + "derived:\n"
    + "".join(f"  d{i}:\n{sum_of_two('f', f'd{i + 1}')}" for i in range(999))
    + f"  d999:\n{sum_of_two('f', 'f')}",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_a_large_configuration_is_read_in_seconds(text: str) -> None:
    """Half a minute and more for some of these when every key was compared with every other."""
    start = time.process_time()
    parse_config(text)
    assert time.process_time() - start < 5


def test_misspelt_names_in_thousands_are_told_in_seconds() -> None:
    """The first hundred of them, and that there are more."""
    text = f"{HEAD}{NUMBERS}evaluation:\n  groups: {words('g', 5_000)}\n"
    start = time.process_time()
    with pytest.raises(ConfigError) as raised:
        parse_config(text)
    assert time.process_time() - start < 20
    sentences = str(raised.value).splitlines()
    assert "config.yml:1: there are more mistakes than these 100" == sentences[0]
    assert 101 == len(sentences)


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
    read = read_yaml(text, "config.yml")
    assert strictyaml.load(text).data == read
    assert all(type(key) is str for key in read)


def derived_of(**inputs: str) -> dict[str, Derived]:
    """Sums by name, each of a few other columns."""
    return {name: Derived.model_validate({"sum": texts}) for name, texts in inputs.items()}


def test_derived_features_stand_after_their_inputs_and_otherwise_as_in_the_file() -> None:
    """Also behind a circle, which is told once."""
    derived = derived_of(c="b, x", a="x, y", b="a, a", d="e, x", e="d, c", f="e, x", g="g, x")
    order, cycles = in_order(derived)
    assert ["a", "b", "c", "d", "e", "f", "g"] == order
    assert [["d", "e"], ["g"]] == cycles
