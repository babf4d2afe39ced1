#!/usr/bin/env python3
"""Storage that fails under load: the server says so with a clear error, survives or stops cleanly,
and loses nothing that it acknowledged.

Two kinds of round, in turn: injected faults (LUMA_FAULTS: no space, I/O errors, short writes and
death in the middle of a write, in the log, the tables or the manifest), then a restart without
them; and a really full disk (a small tmpfs; only where mounting is permitted), where space returns
and the server must go on without a restart.

test/faults/storage_errors.py [--rounds 6] [--seed N] [--kind both|injected|full] [--columnar]

--columnar: columnar tables, rewritten all the time, and faults in the files of segments too.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
sys.path.insert(0, HERE)
from harness import libpq, servers  # noqa: E402
from checks import verify  # noqa: E402
from load import Client, Ledger, create_schema, next_numbers, trim  # noqa: E402

# 53100 disk full, 58030 I/O error; XX000 and the like would be a failure of ours.
TOLERATED = frozenset({"53100", "58030"})
CLIENTS = 16
MOST_SEGMENTS = 60  # far more than the tables need
# Small memtables, so that table files and the manifest are written while the load runs.
OPTIONS = ["--set", "memory.memtable_size=1MB"]


class Faults:
    """One server and its ledger through all rounds."""

    def __init__(self, preset, directory, dice, columnar):
        self.dice, self.preset, self.directory = dice, preset, directory
        self.columnar = columnar
        self.server = self.make_server()
        self.ledger = Ledger()
        self.log, self.transfers = {}, {}
        self.round = 0
        self.broken = []

    def make_server(self, environment=None):
        options = OPTIONS + (servers.COLUMNAR_OPTIONS if self.columnar else [])
        # In some rounds ordinary transactions are committed the way large ones are.
        if self.dice.random() < 0.4:
            options = options + ["--set", "wal.large_commit_size=300"]
        return servers.LumaServer(self.preset, directory=self.directory, options=options,
                                  environment=environment)

    def start_clients(self):
        self.round += 1
        self.stop = threading.Event()
        last = next_numbers(self.log) | next_numbers(self.transfers)
        self.clients = [Client(self.server, self.ledger, self.stop, i,
                               last[i] + 1000 * self.round, self.dice.random(), TOLERATED)
                        for i in range(CLIENTS)]
        for client in self.clients:
            client.start()

    def refused(self):
        return sum((client.refused for client in self.clients), start=collections.Counter())

    def stop_clients(self):
        self.stop.set()
        for client in self.clients:
            client.join(60)
        return self.refused()

    def check(self):
        broken, self.log, self.transfers = verify(self.server, self.ledger)
        self.broken += broken
        if not broken and trim(self.server, self.ledger, self.log, self.transfers):
            self.log, self.transfers = {}, {}

    def injected(self):
        action = self.dice.choice(["enospc", "eio", "short", "die"])
        files = ["*.log", "*.log", "*.sst", "MANIFEST*"] + ["*.seg"] * (4 if self.columnar else 0)
        file = self.dice.choice(files)
        operation = "append" if action in ("short", "die") else self.dice.choice(
            ["append", "sync"] + (["open", "read"] if file == "*.seg" else []))
        often = file in ("*.log", "*.seg")
        after = self.dice.randint(20, 400) if often else self.dice.randint(1, 12)
        count = self.dice.choice([1, 3, 50])
        rule = f"{action}:{file}:{operation}:after={after}:count={count}"
        self.server = self.make_server({"LUMA_FAULTS": rule})
        ended = "went on"
        refused = {}
        try:
            self.server.start()
            self.start_clients()
            time.sleep(self.dice.uniform(1, 3))
            if self.server.running() and self.dice.random() < 0.5:
                self.server.kill()
                ended = "went on until SIGKILL"
            refused = self.stop_clients()
            if self.server.running():
                self.server.process.send_signal(signal.SIGTERM)
                try:
                    self.server.process.wait(60)
                except subprocess.TimeoutExpired:
                    self.broken.append(f"{rule}: SIGTERM did not end the server within 60 s")
            status = self.server.process.returncode
        except servers.StartFailed:
            ended, status = "did not start", 1
        self.server.kill()
        if ended == "went on" and status != 0:
            ended = f"ended with status {status}"
        if status is not None and status < 0 and status != -signal.SIGKILL:
            self.broken.append(f"{rule}: the server died of signal {-status}")
        self.server = self.make_server()
        self.server.start()
        self.check()
        self.check_segments()
        self.server.kill()
        return f"{rule}: {ended}, refused {dict(refused)}"

    def check_segments(self):
        """Files that a failure has left are gone after the start: VACUUM leaves a few segments per
        table, and what it replaced goes within seconds."""
        if not self.columnar:
            return
        with self.server.connect() as c:
            c.run("vacuum")
        directory, deadline = os.path.join(self.directory, "data"), time.monotonic() + 20
        while True:
            count = sum(name.endswith(".seg") for _, _, names in os.walk(directory)
                        for name in names)
            if count <= MOST_SEGMENTS:
                return
            if time.monotonic() > deadline:
                self.broken.append(f"{count} files of segments are left")
                return
            time.sleep(0.2)

    def full_disk(self):
        """On a tmpfs of its own: the data directory is copied there and back."""
        mount = tempfile.mkdtemp(prefix="luma_full_")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192m", "none", mount],
                          capture_output=True, check=False).returncode != 0:
            os.rmdir(mount)
            return "full disk: not run, mounting a small file system needs root"
        home = self.directory
        try:
            shutil.copytree(os.path.join(home, "data"), os.path.join(mount, "data"))
            self.directory = mount
            self.server = self.make_server()
            self.server.start()
            self.start_clients()
            time.sleep(0.5)
            filler = os.path.join(mount, "filler")
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 65536)
                except OSError:
                    pass
            time.sleep(3)
            deadline = time.monotonic() + 15
            while not self.refused()["53100"] and time.monotonic() < deadline:
                time.sleep(0.2)
            os.unlink(filler)
            if not self.server.running():
                self.broken.append(f"the server ended with status {self.server.process.returncode} "
                                   f"when the disk was full: {self.server.log_tail(10)}")
                self.server.start()
            self.expect_writes_again()
            time.sleep(0.5)
            refused = self.stop_clients()
            self.check()
            self.server.kill()
            self.server.start()
            self.check()
            self.server.kill()
            shutil.rmtree(os.path.join(home, "data"))
            shutil.copytree(os.path.join(mount, "data"), os.path.join(home, "data"))
            if not refused["53100"]:
                self.broken.append("no statement was told that the disk is full")
            return f"full disk, space returned: refused {dict(refused)}, went on"
        finally:
            self.server.kill()
            self.directory = home
            subprocess.run(["umount", "-l", mount], check=False)
            os.rmdir(mount)

    def expect_writes_again(self):
        deadline = time.monotonic() + 15
        while True:
            try:
                with self.server.connect() as c:
                    c.run("update counters set v = v + 1 where id = 1")
                return
            except (libpq.ServerError, libpq.ConnectionLost) as error:
                if time.monotonic() > deadline:
                    self.broken.append(f"space returned 15 s ago, yet: {error}")
                    return
            time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kind", choices=["both", "injected", "full"], default="both")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--columnar", action="store_true")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    directory = tempfile.mkdtemp(prefix="luma_errors_")
    faults = Faults(args.preset, directory, random.Random(seed), args.columnar)
    passed = failed = 0
    try:
        faults.server.start()
        if args.columnar:
            faults.server.default_to_columnar()
        create_schema(faults.server)
        faults.server.kill()
        for number in range(1, args.rounds + 1):
            full = args.kind == "full" or (args.kind == "both" and number % 4 == 0)
            told = faults.full_disk() if full else faults.injected()
            print(f"[{number}/{args.rounds}] {told}", flush=True)
            for text in faults.broken[:20]:
                print(f"    {text}")
            passed, failed = passed + (not faults.broken), failed + bool(faults.broken)
            faults.broken.clear()
    except (servers.StartFailed, libpq.ConnectionLost, libpq.ServerError,
            libpq.TimedOut) as error:
        failed += 1
        print(f"    {error}; log: {faults.server.log_tail(10)}")
    finally:
        faults.server.kill()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
