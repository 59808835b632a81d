"""The page of documentation at /docs: plain HTML made from the OpenAPI document."""

from __future__ import annotations

import json
from html import escape
from typing import Any

__all__ = ["documentation_page"]


def documentation_page(document: dict[str, Any]) -> str:
    """Return the page; its style and its script are files of the same server."""
    info, components = document["info"], document["components"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    request = document["paths"]["/api/v1/predict"]["post"]["requestBody"]["content"]
    body = request["application/json"]["examples"]["typical"]["value"]
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: documentation</title>
<link rel="stylesheet" href="page/docs.css">
<script type="module" src="page/docs.js"></script>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header><h1>{title}</h1><p>{escape(info["description"])}</p>
<nav aria-label="On this page"><a href="#operations">Operations</a> <a href="#fields">Fields</a>
<a href="#examples">Examples</a> <a href="#try">Try it</a>
<a href="api/v1/openapi.json">OpenAPI</a></nav></header>
<main id="content">
<h2 id="operations">Operations</h2>{operations}
<h2 id="fields">Fields of a row</h2>{_fields(components["schemas"]["Row"])}
<h2 id="examples">Examples</h2>{_examples(body)}
<h2 id="try">Try it</h2>
<form id="try-form"><p><label for="key">API key, if the service wants one</label>
<input id="key" type="password" autocomplete="off"></p>
<p><label for="body">Body of <code>POST /api/v1/predict</code></label>
<textarea id="body" rows="12" spellcheck="false">{escape(json.dumps(body, indent=1))}</textarea></p>
<p><button>Predict</button></p>
<pre id="answer" role="status" aria-label="Answer" tabindex="0"></pre></form>
</main>
</body>
</html>
"""


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = []
    for code, response in operation["responses"].items():
        name = response.get("$ref", "").rpartition("Refused")[2]
        said = response.get("description") or f"Refused: {_MEANINGS.get(name, '')}"
        rows.append(f"<tr><th scope=row>{code}</th><td>{escape(said)}</td></tr>")
    about = f"<p>{escape(operation['description'])}</p>" if "description" in operation else ""
    types = ", ".join(operation.get("requestBody", {}).get("content", ()))
    body = f"<p>Body: {escape(types)}</p>" if types else ""
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> "
        f"{escape(operation['summary'])}</summary>{about}{body}"
        "<p>Header, optional: <code>X-Request-ID</code></p>"
        f"<table><thead><tr><th scope=col>Status<th scope=col>Answer</thead>"
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


_MEANINGS = {
    "401": "no API key, or another one",
    "408": "the body came too slowly",
    "413": "too many rows or bytes",
    "415": "a compressed body",
    "422": "not JSON, or not of the form",
    "500": "the service failed",
    "503": "too busy, or not ready",
}


def _fields(row: dict[str, Any]) -> str:
    required = set(row["required"])
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}{' <em>required</em>' if name in required else ''}</th>"
        f"<td>{escape(field['x-kind'])}</td><td>{escape(field.get('unit', ''))}</td>"
        f"<td>{_bounds(field)}</td><td>{escape(field.get('description', ''))}{_levels(field)}</td>"
        f"<td>{escape(str(field.get('examples', [''])[0]))}</td></tr>"
        for name, field in row["properties"].items()
    )
    names = ("Field", "Kind", "Unit", "Bounds", "What it is", "Example")
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    return (
        '<p><label for="search">Search the fields</label> <input id="search" type="search"> '
        '<output id="found" for="search"></output></p><div class="wide" tabindex="0" role="region" '
        f'aria-label="Fields"><table id="field-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _bounds(field: dict[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f"{low:.15g} to {high:.15g}"
    if low is not None:
        return f"at least {low:.15g}"
    return "" if high is None else f"at most {high:.15g}"


def _levels(field: dict[str, Any]) -> str:
    meanings = field.get("x-meanings", {})
    levels = [one for one in field.get("x-levels") or field.get("enum", ()) if one]
    if not levels:
        return ""
    shown = ", ".join(
        f"<code>{escape(str(one))}</code>"
        + (f" {escape(str(meanings[one]))}" if meanings.get(one) else "")
        for one in levels
    )
    return f"<br><small>{shown}</small>"


def _examples(body: dict[str, Any]) -> str:
    row = dict(list(body["inputs"][0].items())[:8])
    short = json.dumps({"inputs": [row]})
    quoted = short.replace("'", "'\\''")
    texts = {
        "curl": f"curl ORIGIN/api/v1/predict -H 'Content-Type: application/json' -d '{quoted}'",
        "Python": "import json, urllib.request\n\n"
        f"body = json.dumps({{'inputs': [{row!r}]}}).encode()\n"
        "request = urllib.request.Request('ORIGIN/api/v1/predict', body)\n"
        "print(json.load(urllib.request.urlopen(request))['results'])",
        "JavaScript": "const answer = await fetch('ORIGIN/api/v1/predict', {\n"
        f"  method: 'POST', body: JSON.stringify({short})}});\n"
        "console.log((await answer.json()).results);",
    }
    return (
        "<p>With the first fields of a typical row; those that are required must be there.</p>"
    ) + "".join(
        f'<h3>{name}</h3><div class="example"><button type="button" class="copy" '
        f'aria-label="Copy the example for {name}">Copy</button>'
        f'<pre tabindex="0"><code>{escape(text)}</code></pre></div>'
        for name, text in texts.items()
    )
