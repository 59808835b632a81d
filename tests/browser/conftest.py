"""A real browser, real servers of two models, and pages that report whatever goes wrong in them."""

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from regression_model import Model, load_model
from regression_model.training.run import run_training

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
VARIABLE = "REGRESSION_MODEL_BROWSER"
CONFIG = """\
name: bikes
description: Second-hand bicycles
target:
  name: price
  description: Price asked
  unit: euros
  minimum: 1
  transform: log
data:
  training: bikes.csv
  missing_values: NA
features:
  number:
    description: Number of the advertisement
    kind: identifier
  weight:
    description: Weight without the rider
    unit: kg
    kind: number
    minimum: 3
    maximum: 60
  gears:
    description: Gears
    kind: number
    minimum: 1
    missing: median
    missing_means: a single gear
  sold:
    description: When it was offered
    kind: timestamp
    minimum: 2010-01-01T00:00:00
    missing: median
    parts: elapsed_days, hour_cycle
  built:
    description: Day on which it was built
    kind: date
    maximum: 2030-12-31
    missing: 2009-05-01
    parts: elapsed_days
  electric:
    description: Whether it has a motor
    kind: boolean
    missing: no
  state:
    description: State it is in
    kind: ordinal
    levels: broken, used, new
  maker:
    description: Who made it
    kind: nominal
    missing: most_frequent
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
"""


def _some_bikes(rows: int) -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(8)
    for i in range(rows):
        sold = datetime(2011, 1, 1) + timedelta(hours=int(random.integers(0, 17_000)))
        built = date(2008, 1, 1) + timedelta(days=int(random.integers(0, 1_000)))
        electric, weight = bool(random.random() < 0.3), round(float(random.uniform(8, 25)), 1)
        state = str(random.choice(["broken", "used", "new"]))
        price = 400 * np.exp(0.9 * electric - 0.03 * weight + 0.4 * (state == "new"))
        price *= np.exp(random.normal(0, 0.1))
        row: dict[str, Any] = {"number": i, "weight": weight, "gears": int(random.integers(1, 28))}
        row |= {"sold": sold, "built": built, "electric": electric, "state": state}
        yield row | {"maker": f"Maker & <b>{i % 4}</b>", "price": round(float(price), 2)}


@pytest.fixture(scope="session")
def houses() -> Model:
    """The shipped model."""
    return load_model()


@pytest.fixture(scope="session")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of something else, with the kinds of fields that the shipped one has not."""
    folder = tmp_path_factory.mktemp("bikes")
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    rows = list(_some_bikes(200))
    with (folder / "bikes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return load_model(run_training(config_path=folder / "config.yml", documents=False).model_path)


@contextmanager
def served(model: Model, **environment: str) -> Iterator[str]:
    """Serve a model on a free port, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "regression_model", "serve", "--model", model.source]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/health/ready", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the server has stopped"
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def houses_address(houses: Model) -> Iterator[str]:
    """Where the shipped model is served."""
    with served(houses) as address:
        yield address


@pytest.fixture(scope="session")
def bikes_address(bikes: Model) -> Iterator[str]:
    """Where the other model is served."""
    with served(bikes) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    named = os.environ.get(VARIABLE)
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.exit(
            "There is no browser: install Chromium (apt install chromium), or name one in "
            f"{VARIABLE}.",
            returncode=2,
        )
    with sync_playwright() as playwright:
        # Containers seldom let a browser make a sandbox of its own; it sees this host alone.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def troubles() -> list[str]:
    """What went wrong in the pages of a test; it may take out what it has provoked."""
    return []


@pytest.fixture
def open_page(browser: Browser, troubles: list[str]) -> Iterator[Callable[..., Page]]:
    """Open an address; afterwards nothing was asked of another host, and no script has failed."""
    contexts: list[BrowserContext] = []

    def opened(address: str, *, wait: str = "#result data", **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US"} | options
        context = browser.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        host = address.partition("#")[0].rstrip("/")

        def note_errors(message: ConsoleMessage) -> None:
            if message.type == "error":
                troubles.append(message.text)

        def note_other_hosts(request: Request) -> None:
            if not request.url.startswith((host, "blob:", "data:")):
                troubles.append(request.url)

        page.on("console", note_errors)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", note_other_hosts)
        page.goto(address)
        page.wait_for_selector(wait)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not troubles


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page go: a folder that the environment names, or a temporary one."""
    named = os.environ.get("REGRESSION_MODEL_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
