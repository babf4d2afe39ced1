"""What tools/test runs. Every part prints its own findings; each reports passed and failed counts,
and the last line of all is "N passed, N failed"."""

import argparse
import collections
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness.servers import ROOT  # noqa: E402

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$")
LONG_PARTS = ("longfaults", "bench", "matrix")


class Run:
    def __init__(self, preset):
        self.preset = preset
        self.results = []  # of (name, passed, failed, seconds)
        self.last_words = {}  # of the scripts that failed, by name: repeated below the summary

    def say(self, text):
        print(text, flush=True)

    def record(self, name, passed, failed, started):
        seconds = time.monotonic() - started
        self.results.append((name, passed, failed, seconds))
        self.say(f"== {name}: {passed} passed, {failed} failed ({seconds:.0f} s)")

    def script(self, name, command, timeout_s=3600):
        """A script whose last line is "N passed, N failed"; its output is shown as it comes."""
        self.say(f"== {name}")
        started = time.monotonic()
        env = dict(os.environ, LUMA_BINARY=os.path.join(ROOT, "build", self.preset, "bin",
                                                        "lumadb"))
        counts = None
        last_words = collections.deque(maxlen=15)
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env=env, errors="replace")
        try:
            for line in process.stdout:
                counts = COUNTS.match(line.strip()) or counts
                if not COUNTS.match(line.strip()):
                    print("  " + line, end="", flush=True)
                    last_words.append(line.rstrip()[:400])
                if time.monotonic() - started > timeout_s:
                    raise subprocess.TimeoutExpired(command, timeout_s)
            process.wait()
        except subprocess.TimeoutExpired:
            process.kill()
            self.say(f"  {name} was stopped after {timeout_s} s")
            counts = None
        passed, failed = (int(counts[1]), int(counts[2])) if counts else (0, 1)
        if process.returncode != 0 and failed == 0:
            failed = 1
        if failed:
            self.last_words[name] = last_words
        self.record(name, passed, failed, started)

    def shell(self, name, command):
        """A script that only says yes or no, by its exit status."""
        self.say(f"== {name}")
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.say("  " + (done.stdout + done.stderr)[-3000:].strip().replace("\n", "\n  "))
        self.record(name, int(done.returncode == 0), int(done.returncode != 0), started)

    def settings_page(self):
        """docs/settings.md is what the server says of itself."""
        binary = os.path.join(ROOT, "build", self.preset, "bin", "lumadb")
        self.shell("settings page", ["bash", "-c", f"diff <({binary} --settings) docs/settings.md"])

    def build(self, preset=None):
        preset = preset or self.preset
        self.say(f"== build ({preset})")
        started = time.monotonic()
        done = subprocess.run([os.path.join(ROOT, "tools", "build"), preset], cwd=ROOT,
                              check=False)
        self.record("build", int(done.returncode == 0), int(done.returncode != 0), started)
        return done.returncode == 0

    def unit(self):
        self.say("== unit tests")
        started = time.monotonic()
        build = os.path.join(ROOT, "build", self.preset)
        listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                                capture_output=True, text=True, check=False)
        try:
            tests = [(t["name"], t.get("command")) for t in json.loads(listed.stdout)["tests"]]
        except (ValueError, KeyError):
            tests = [("ctest", None)]
        totals = [0, 0]

        def run(test):
            name, command = test
            if not command or not os.access(command[0], os.X_OK):
                return name, 0, 1, "was not built"
            try:
                done = subprocess.run(command, capture_output=True, text=True, cwd=build,
                                      timeout=900, errors="replace", check=False)
            except subprocess.TimeoutExpired:
                return name, 0, 1, "did not end within 900 s"
            whole = re.search(r"All tests passed \(.* in (\d+) test case", done.stdout)
            parts = re.search(r"test cases: +(\d+)(?: \| +(\d+) passed)?(?: \| +(\d+) failed)?",
                              done.stdout)
            if done.returncode == 0:
                return name, int(whole[1]) if whole else 1, 0, ""
            failed = int(parts[3] or 1) if parts else 1
            passed = int(parts[2] or 0) if parts else 0
            return name, passed, failed, (done.stdout + done.stderr)[-3000:]

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for index, (name, passed, failed, text) in enumerate(pool.map(run, tests), 1):
                totals[0] += passed
                totals[1] += failed
                self.say(f"  [{index}/{len(tests)}] {name}: {passed} passed, {failed} failed")
                if text:
                    self.say("    " + text.replace("\n", "\n    "))
        self.record("unit tests", totals[0], totals[1], started)


def set_sanitizer_options(preset):
    """For every process that is started from here; what the caller has set comes last and wins.
    Reports go to files of the directory that is returned."""
    suppressions = os.path.join(ROOT, "test", "tsan_suppressions.txt")
    directory = os.path.join(ROOT, "build", preset, "reports")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    log = f"log_path={directory}/report"
    options = {
        "TSAN_OPTIONS": f"suppressions={suppressions}:history_size=4:{log}",
        # Libraries in use are not built for AddressSanitizer, and allocate on our behalf.
        "ASAN_OPTIONS": f"detect_leaks=0:alloc_dealloc_mismatch=0:{log}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:{log}",
    }
    for name, value in options.items():
        os.environ[name] = value + ":" + os.environ.get(name, "")
    os.environ["LUMA_SANITIZER"] = preset
    return directory


def check_reports(run, directory):
    """What sanitizers said of any process, servers that went on included."""
    reports = sorted(os.listdir(directory))
    for name in reports[:5]:
        with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
            run.say("  " + "  ".join(file.readlines()[:40]))
    run.record("sanitizer reports", int(not reports), len(reports), time.monotonic())


def main():
    parser = argparse.ArgumentParser(prog="tools/test")
    parser.add_argument("--quick", action="store_true", help="tidy, unit and SQL tests only")
    parser.add_argument("--asan", action="store_true", help="build with address and UB sanitizers")
    parser.add_argument("--tsan", action="store_true", help="build with the thread sanitizer")
    parser.add_argument("--faults", action="store_true", help="the long crash loop only")
    parser.add_argument("--clients", action="store_true", help="clients only")
    parser.add_argument("--bench", action="store_true", help="benchmarks only")
    parser.add_argument("--matrix", action="store_true",
                        help="all instruction sets, 1 to 4 threads, spilling, vectors of two rows")
    parser.add_argument("--only", help="some of: tidy,unit,sql,queries,docs,isolation,protocol,"
                                       "clients,embedded,docker,faults")
    args = parser.parse_args()
    preset = "asan" if args.asan else "tsan" if args.tsan else "release"
    reports = set_sanitizer_options(preset) if preset != "release" else None
    if args.only:
        parts = args.only.split(",")
    elif args.quick:
        parts = ["tidy", "unit", "sql"]
    elif args.faults:
        parts = ["longfaults"]
    elif args.clients:
        parts = ["clients"]
    elif args.bench:
        parts = ["bench"]
    elif args.matrix:
        parts = ["matrix"]
    elif args.asan or args.tsan:
        parts = ["unit", "sql", "queries", "isolation", "protocol", "faults"]
    else:
        parts = ["tidy", "unit", "sql", "queries", "docs", "isolation", "protocol", "clients",
                 "embedded", "docker", "faults"]

    run = Run(preset)
    python = sys.executable
    if "tidy" in parts:
        run.script("tidy", [python, "tools/tidy.py"])
    built = run.build() if parts != ["tidy"] else True
    if "matrix" in parts:
        run.build("vector2")
    if "unit" in parts:
        run.unit()
        run.settings_page()
    if "embedded" in parts and os.path.exists(os.path.join(ROOT, "test", "embedded", "run.sh")):
        run.shell("embedded", ["test/embedded/run.sh", os.path.join(ROOT, "build", preset)])
    scripts = [
        ("sql", "SQL tests", ["tools/slt"]),
        ("sql", "SQL tests, extended protocol", ["tools/slt", "--extended"]),
        ("sql", "SQL tests, columnar tables", ["tools/slt", "--columnar"]),
        ("queries", "random queries", ["test/random_queries/run.py", "--no-oracle", "--schemas",
                                       "4", "--queries", "60"]),
        ("docs", "examples of the documentation", ["test/docs/run.py"]),
        ("isolation", "isolation", ["test/isolation/run.py"]),
        ("protocol", "protocol", ["test/protocol/run.py"]),
        ("clients", "clients", ["test/clients/run.py"]),
        ("docker", "container entrypoint", ["test/docker/run.py"]),
        ("faults", "two-phase commit", ["test/faults/prepared.py", "--rounds", "3", "--seed", "1"]),
        ("faults", "crash loop", ["test/faults/crash.py", "--rounds", "5"]),
        ("faults", "crash loop, columnar tables",
         ["test/faults/crash.py", "--columnar", "--rounds", "3"]),
        ("faults", "storage errors", ["test/faults/storage_errors.py", "--rounds", "4", "--seed", "1"]),
        ("faults", "absurd statements", ["test/faults/mutate_sql.py", "--statements", "5000", "--seed", "1"]),
        ("faults", "resources", ["test/faults/resources.py"]),
        ("longfaults", "two-phase commit", ["test/faults/prepared.py", "--rounds", "100"]),
        ("longfaults", "crash loop", ["test/faults/crash.py", "--rounds", "200"]),
        ("longfaults", "crash loop, columnar tables",
         ["test/faults/crash.py", "--columnar", "--rounds", "200"]),
        ("longfaults", "storage errors", ["test/faults/storage_errors.py", "--rounds", "100"]),
        ("matrix", "matrix", ["tools/harness/matrix.py", "--vector2"]),
        ("bench", "benchmarks", ["tools/bench/oltp"]),
    ]
    for part, name, command in scripts:
        if part not in parts or (args.quick and {"--extended", "--columnar"} & set(command)):
            continue
        if not built and not os.path.exists(os.path.join(ROOT, "build", preset, "bin", "lumadb")):
            run.record(name, 0, 1, time.monotonic())
            continue
        run.script(name, [python, *command], 6 * 3600 if part in LONG_PARTS else 1800)

    if "sql" in parts and not args.quick and built:
        run.script("sessions", ["bash", "test/session/smoke.sh",
                                os.path.join(ROOT, "build", preset, "bin", "lumadb")])
    if reports is not None:
        check_reports(run, reports)
    run.say("")
    for name, passed, failed, seconds in run.results:
        run.say(f"{'FAIL' if failed else 'ok':5} {name:32} {passed:6} passed {failed:5} failed "
                f"{seconds:6.0f} s")
        for line in run.last_words.get(name, ()) if failed else ():
            run.say("        " + line)
    passed = sum(r[1] for r in run.results)
    failed = sum(r[2] for r in run.results)
    run.say(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
