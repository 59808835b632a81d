"""The page of documentation: complete, small, and made of this server's files alone."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from regression_model import Model
from regression_model.serving import Limits
from regression_model.serving.description.documentation import documentation_page
from regression_model.serving.description.openapi import openapi_document

STATIC = ("docs.css", "docs.js")


@pytest.fixture(scope="module")
def page(model: Model) -> str:
    """The page of the shipped model."""
    return documentation_page(openapi_document(model, limits=Limits()))


def test_every_operation_and_field_is_there(page: str, model: Model) -> None:
    """A reader finds each path and each field."""
    for path in openapi_document(model, limits=Limits())["paths"]:
        assert f"<code>{path}</code>" in page
    for field in model.contract.fields:
        assert f"<th scope=row>{field.name}" in page


def test_it_needs_no_other_server_and_no_inline_script(page: str) -> None:
    """The page keeps to its content security policy."""
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert not re.search(r"<style| style=| on\\w+=", page)
    assert re.findall(r"<script[^>]*>", page) == ['<script type="module" src="page/docs.js">']


def test_it_is_small(page: str) -> None:
    """The page and its files stay below 60 kB."""
    folder = files("regression_model.serving") / "page"
    sizes = [len((folder / name).read_bytes()) for name in STATIC]
    assert len(page.encode()) + sum(sizes) < 60_000
