"""Load from wrk, and what it says of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..environments import Unavailable

__all__ = ["Load", "find_wrk", "put_load", "write_script"]

# Bodies are sent in turn; the requests are made before, so that wrk has nothing to do but to send.
_SCRIPT = """\
local requests, at = {{}}, 0
function init(arguments)
  local headers = {{["Content-Type"] = "application/json"}}
  for body in io.lines({bodies}) do
    requests[#requests + 1] = wrk.format("POST", {path}, headers, body)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency, requests)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("\\n%d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    errors.status, lost, latency:percentile(50), latency:percentile(90), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What one run gave: requests a second, latencies in seconds, and what wrk used itself."""

    rate: float
    p50: float
    p90: float
    p99: float
    requests: int
    failed: int
    processor_seconds: float


def write_script(folder: Path, name: str, path: str, bodies: Sequence[object]) -> Path:
    """Write a script for wrk that posts these bodies in turn."""
    lines, script = folder / f"{name}.jsonl", folder / f"{name}.lua"
    text = "".join(json.dumps(body, separators=(",", ":")) + "\n" for body in bodies)
    lines.write_text(text, encoding="utf-8")
    filled = _SCRIPT.format(bodies=json.dumps(str(lines)), path=json.dumps(path))
    script.write_text(filled, encoding="utf-8")
    return script


def find_wrk() -> str:
    """Return the path of wrk.

    Raises
    ------
    Unavailable
        When it is not installed.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise Unavailable("wrk puts the load on the servers, and is missing: apt-get install wrk")
    return wrk


def put_load(port: int, script: Path, *, connections: int, seconds: float) -> Load:
    """Keep so many connections busy.

    Raises
    ------
    Unavailable
        When wrk is not installed, or fails.
    """
    command = [find_wrk(), "--threads", "1", "--connections", str(connections), "--timeout", "30s"]
    command += ["--duration", f"{max(1, round(seconds))}s", "--script", str(script)]
    before = os.times()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=False
    )
    after = os.times()
    if done.returncode:
        raise Unavailable(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    *_, last = done.stdout.strip().splitlines()
    requests, duration, refused, lost, p50, p90, p99 = map(int, last.split())
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return Load(
        requests / (duration / 1e6), p50 / 1e6, p90 / 1e6, p99 / 1e6, requests, refused + lost, used
    )
