"""Runs the cells of cases in processes forked from one that has imported their frameworks, in a third of the time.

A fresh process for each cell, as `make score` starts it, spends most of its time on imports. Only imports are shared:
nothing is computed before the fork, so that no framework has started its threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

# What a stack's cells import first. Not what depends on the order of imports: `tf.keras`, transformers' TF classes.
IMPORTS = {"tf": ("tensorflow",), "keras": ("keras_hub",), "torch": ("torch", "transformers")}

# Reads a job a line; answers it with the exit status of the process that did it, 124 where its time was up.
SERVER = r"""
import importlib, json, os, signal, sys, time
import IPython.core.interactiveshell, IPython.core.magics
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(job["folder"])
        os.environ.update(job["environment"])
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1), os.dup2(log, 2), os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdin = open(0)
        sys.argv = ["-c", *job["arguments"]]
        status = 1
        try:
            exec(compile(job["program"], "<string>", "exec"), {"__name__": "__main__"})
            status = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(status)
    end = time.monotonic() + job["limit"]
    while not (done := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            done = (child, 124 << 8)
            break
        time.sleep(0.02)
    print(os.waitstatus_to_exitcode(done[1]), flush=True)
"""


class Forking:
    """In the place of score.py's `run_variant`: a server a thread and stack. `close()` ends them all."""

    def __init__(self, score: ModuleType) -> None:
        self._score = score
        self._local = threading.local()
        self._servers: list[subprocess.Popen[str]] = []

    def run_variant(
        self, case: Mapping[str, Any], variant: str, pythons: Mapping[str, str], limit: int
    ) -> dict[str, Any]:
        """The answer for one variant of one case, as score.py's own `run_variant` gives it."""
        server = self._server(case["stack"], pythons)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source, out, log = folder / "case.json", folder / "out.json", folder / "log.txt"
            source.write_text(json.dumps(dict(case)))
            job = {
                "program": self._score.RUNNER,
                "arguments": [str(source), variant, str(out)],
                "folder": name,
                "environment": {"IPYTHONDIR": name},
                "log": str(log),
                "limit": limit,
            }
            start = time.monotonic()
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps(job) + "\n")
            server.stdin.flush()
            status = server.stdout.readline().strip()
            seconds = time.monotonic() - start
            if out.exists() and status == "0":
                return {**json.loads(out.read_text()), "seconds": seconds}
            why = f"no answer in {limit} s" if status == "124" else f"ended with {status or 'its server'}"
            said = log.read_text(errors="replace")[-600:] if log.exists() else ""
            return {"variant": variant, "crash": f"{why}: {said}", "seconds": seconds}

    def _server(self, stack: str, pythons: Mapping[str, str]) -> subprocess.Popen[str]:
        known: dict[str, subprocess.Popen[str]] = self._local.__dict__.setdefault("servers", {})
        if stack not in known or known[stack].poll() is not None:
            family = stack.split("-", maxsplit=1)[0]
            words = [pythons[family], "-c", SERVER, json.dumps(IMPORTS[family])]
            known[stack] = subprocess.Popen(
                words, env=self._environment(stack), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._servers.append(known[stack])
        return known[stack]

    def _environment(self, stack: str) -> dict[str, str]:
        """What score.py sets for its processes."""
        settings = {
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_VERBOSITY": "error",
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONWARNINGS": "ignore",
        }
        if stack in self._score.BACKEND:
            settings["KERAS_BACKEND"] = self._score.BACKEND[stack]
        return {**os.environ, **settings}

    def close(self) -> None:
        """End the servers."""
        for server in self._servers:
            if server.stdin is not None:
                server.stdin.close()
            server.wait()
