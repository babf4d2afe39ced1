"""Runs pgbench on a server and reads what it measured."""

import os
import re
import subprocess

from harness import servers


def fill(server, scale):
    subprocess.run(["pgbench", "-i", "-s", str(scale), "-q"], env=server.environment(), check=True,
                   capture_output=True)


def run(server, seconds, arguments):
    """Operations, seconds, and latencies in microseconds; raises StartFailed with pgbench's own
    words when it failed."""
    done = subprocess.run(["pgbench", "-n", "-j", "1", "-T", str(max(1, round(seconds))),
                           "--log", "--log-prefix=pgbench", *arguments],
                          env=server.environment(), capture_output=True, text=True,
                          cwd=server.directory, check=False, timeout=seconds + 120)
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode != 0 or not rate:
        raise servers.StartFailed(f"{server.name}: {done.stderr.strip()[-300:]}")
    latencies = []
    for entry in os.listdir(server.directory):
        if entry.startswith("pgbench."):
            path = os.path.join(server.directory, entry)
            with open(path, encoding="ascii") as file:
                latencies += [int(line.split()[2]) for line in file]
            os.unlink(path)
    latencies.sort()
    return {"operations": int(count[1]), "seconds": int(count[1]) / float(rate[1]),
            "p50_us": latencies[len(latencies) // 2] if latencies else 0,
            "p99_us": latencies[int(len(latencies) * 0.99)] if latencies else 0}
