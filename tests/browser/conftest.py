"""A real JupyterLab with a real kernel, and a real Chromium, for the tests of this folder."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.driving import IMPORTS, Lab, Notebook, local_page, open_notebook, write_notebook

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """The browser that the environment variable CHROMIUM names, else the first that is on the path."""
    return next(
        (found for name in (os.environ.get("CHROMIUM"), *BROWSERS) if name and (found := shutil.which(name))), None
    )


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a free port with folders of its own; its `python3` kernel is the Python that the server runs in."""
    pytest.importorskip("jupyterlab")
    home = tmp_path_factory.mktemp("lab")
    root = home / "notebooks"
    root.mkdir()
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    settings.joinpath("notification.jupyterlab-settings").write_text(json.dumps(quiet))
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    port = _free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += [f"--ServerApp.root_dir={root}", "--IdentityProvider.token=", "--expose-app-in-browser"]
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]  # Notebook 7, which the same server offers
    log = (home / "server.log").open("w")
    environment = {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status", server, home / "server.log")
        yield Lab(f"http://127.0.0.1:{port}", root, home / "data", settings)
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; where there is none the browser tests are skipped, and the summary says so."""
    playwright = pytest.importorskip("playwright.sync_api", reason="BROWSER TESTS NOT RUN: playwright is not installed")
    path = find_chromium()
    if path is None:
        pytest.skip(f"BROWSER TESTS NOT RUN: no Chromium found (CHROMIUM, {', '.join(BROWSERS)})")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty page in a context of its own; the test fails where the page reached beyond this machine."""
    with local_page(browser, {"width": 1280, "height": 1400}) as made:
        yield made


@pytest.fixture
def offline_page(browser: Any) -> Iterator[Any]:
    """An empty page that can open files and nothing else, whatever they ask for."""
    context = browser.new_context(offline=True, device_scale_factor=2)
    yield context.new_page()
    context.close()


@pytest.fixture
def make_notebook(lab: Lab, page: Any) -> Any:
    """A function from cells to an open notebook whose kernel has the sample reports."""

    # JupyterLab keeps the theme that an earlier test chose.
    lab.settings.joinpath("themes.jupyterlab-settings").unlink(missing_ok=True)

    def make(*cells: str) -> Notebook:
        path = write_notebook(lab.root / f"{uuid.uuid4().hex[:8]}.ipynb", IMPORTS, *cells)
        return open_notebook(page, lab, path)

    return make


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures go: the folder that BERTMAGIC_SCREENSHOTS names, else the test's own."""
    folder = Path(os.environ.get("BERTMAGIC_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
