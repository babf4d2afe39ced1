#!/usr/bin/env python3
"""Kills the server under load, again and again, and checks that it kept its word.

Every round: clients transfer money, insert rows, count, draw from a sequence, make and drop tables,
read, and load, change and reorganize a columnar table with a sort key, while the checker keeps what
the server acknowledged and what readers were told; then SIGKILL (every fifth round SIGTERM),
restart, and the checks of `verify` and `verify_segments`. The data directory lives through all
rounds. In every other round even small transactions are committed as table files, as large ones
are.

test/faults/crash.py [--rounds 5] [--seed N] [--clients 16] [--columnar] [--keep]
"""

import argparse
import collections
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
sys.path.insert(0, HERE)
from harness import libpq, servers  # noqa: E402
from checks import verify, verify_segments  # noqa: E402
from load import Client, Ledger, create_schema, next_numbers, trim  # noqa: E402

SMALL_IS_LARGE = ["--set", "wal.large_commit_size=300"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0, help="mean time before the kill")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--option", action="append", default=[], help="passed on to lumadb")
    parser.add_argument("--columnar", action="store_true",
                        help="columnar tables, rewritten all the time")
    parser.add_argument("--keep", action="store_true", help="keep the data directory of a failure")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    dice = random.Random(seed)
    directory = tempfile.mkdtemp(prefix="luma_crash_")
    options = args.option + (servers.COLUMNAR_OPTIONS if args.columnar else [])
    server = servers.LumaServer(args.preset, directory=directory, options=options)
    ledger, passed, failed = Ledger(), 0, 0
    next_log, next_transfer = collections.Counter(), collections.Counter()
    try:
        server.start()
        if args.columnar:
            server.default_to_columnar()
        create_schema(server)
        for number in range(1, args.rounds + 1):
            # Of the server that the end of this round starts.
            server.options = options + (SMALL_IS_LARGE if number % 2 else [])
            before = ledger.operations
            stop = threading.Event()
            clients = [Client(server, ledger, stop, i,
                              max(next_log[i], next_transfer[i]) + 1000 * number,
                              dice.random()) for i in range(args.clients)]
            for client in clients:
                client.start()
            time.sleep(args.seconds * (0.2 + 1.6 * dice.random()))
            graceful = number % 5 == 0
            if graceful:
                stop.set()
                server.process.send_signal(signal.SIGTERM)
                server.process.wait(60)
            else:
                server.kill()
            stop.set()
            for client in clients:
                client.join(60)
            started = time.monotonic()
            server.start()
            recovery_s = time.monotonic() - started
            broken, log, transfers = verify(server, ledger)
            broken += verify_segments(server)
            next_log, next_transfer = next_numbers(log), next_numbers(transfers)
            if not broken:
                trim(server, ledger, log, transfers)
            how = "SIGTERM" if graceful else "SIGKILL"
            print(f"[{number}/{args.rounds}] {how} after {ledger.operations - before} operations, "
                  f"back in {recovery_s:.2f} s, {len(log)} rows: "
                  + ("kept its word" if not broken else f"{len(broken)} broken promises"),
                  flush=True)
            for text in broken[:20]:
                print(f"    {text}")
            if ledger.operations == before:
                print("    no operation succeeded")
                broken.append("no operation")
            passed, failed = passed + (not broken), failed + bool(broken)
    except (servers.StartFailed, libpq.ConnectionLost, libpq.ServerError,
            libpq.TimedOut) as error:
        failed += 1
        print(f"    {error}; log: {server.log_tail(10)}")
    finally:
        server.kill()
        if failed and args.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
