"""Settings of the documentation site, which `tox -e docs_site` builds into the folder site."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from site_pages import PROJECT, ROOT  # noqa: E402

project = PROJECT["name"]
author = PROJECT["authors"][0]["name"]
copyright = author
version = release = (ROOT / "regression_model" / "VERSION").read_text(encoding="utf-8").strip()

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "site_pages"]
# A reference to a name of this package must lead somewhere. Nothing is fetched, so names of other
# packages, and the plain words by which docstrings describe a type, are left as they are.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!regression_model\.).*")]

# Types inside results, which few need by name: their attributes are where they are made.
nitpick_ignore = [
    ("py:class", "regression_model.evaluation.metrics.PredictedRows"),
    ("py:class", "regression_model.monitoring.results.Part"),
    ("py:class", "regression_model.monitoring.settings.Settings"),
]

myst_heading_anchors = 4  # links to headings are written as the code host makes them
default_role = "code"  # docstrings put code between single backticks
smartquotes = False  # two dashes begin an option

autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 120

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"top_of_page_buttons": []}
