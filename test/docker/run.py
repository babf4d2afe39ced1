#!/usr/bin/env python3
"""The container's entrypoint (docker/entrypoint) in a plain directory, without Docker: first start
with the official image's variables and scripts, restart, stop, and what must not start at all. The
server runs with io_uring forbidden, as container runtimes do.

test/docker/run.py
"""

import ctypes
import gzip
import lzma
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from harness import libpq, servers  # noqa: E402

STOP_LIMIT_S = 9


def forbid_io_uring():
    """A seccomp filter: io_uring_setup, _enter and _register fail with EPERM."""
    load, jump_less, jump_more, give = 0x20, 0x35, 0x25, 0x06
    steps = [(load, 0, 0, 0),              # the system call's number
             (jump_less, 0, 2, 425),       # if < 425: allow
             (jump_more, 1, 0, 427),       # if > 427: allow
             (give, 0, 0, 0x00050001),     # EPERM
             (give, 0, 0, 0x7FFF0000)]     # allow
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    memory = ctypes.create_string_buffer(code)

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
    program = Program(len(steps), ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
        os._exit(99)


class Container:
    """What a container would be: directories of its own, and the entrypoint as process 1."""

    def __init__(self, binary, **environment):
        self.directory = tempfile.mkdtemp(prefix="luma_docker_")
        os.chmod(self.directory, 0o755)
        self.scripts = os.path.join(self.directory, "initdb.d")
        self.sockets = os.path.join(self.directory, "run")
        self.path = os.path.join(self.directory, "bin")
        for directory in (self.scripts, self.path):
            os.mkdir(directory)
        shutil.copy(binary, os.path.join(self.path, "lumadb"))
        shutil.copy(os.path.join(ROOT, "docker", "entrypoint"), self.path)
        os.chmod(os.path.join(self.path, "entrypoint"), 0o755)
        self.port = servers.free_port()
        self.environment = {
            "PATH": self.path + ":" + servers.POSTGRES_BIN + ":/usr/bin:/bin:/usr/sbin:/sbin",
            "PGDATA": os.path.join(self.directory, "data"), "LUMA_SOCKET_DIR": self.sockets,
            "LUMA_INIT_DIR": self.scripts, "PGPORT": str(self.port), "LANG": "C.UTF-8",
            **environment}
        self.process = None

    def script(self, name, content, executable=False):
        path = os.path.join(self.scripts, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, 0o755 if executable else 0o644)

    def start(self, *arguments):
        self.log = open(os.path.join(self.directory, "log"), "w+")
        self.process = subprocess.Popen(
            [os.path.join(self.path, "entrypoint"), *arguments], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            cwd=self.directory, start_new_session=True, preexec_fn=forbid_io_uring)

    def output(self):
        with open(os.path.join(self.directory, "log")) as file:
            return file.read()

    def ready(self):
        command = [os.path.join(servers.POSTGRES_BIN, "pg_isready"), "-q", "-h", "127.0.0.1", "-p",
                   str(self.port)]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if subprocess.run(command, check=False).returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def ended(self):
        """The exit status of a start that should fail."""
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            return None

    def connect(self, user, database, password="", host=None):
        return libpq.Connection(f"host={host or self.sockets} port={self.port} user={user} "
                                f"dbname={database} password='{password}' connect_timeout=10")

    def stop(self, number=signal.SIGTERM):
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - started

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, what, fine, more=""):
        self.passed += bool(fine)
        self.failed += not fine
        if not fine:
            print(f"failed: {what}\n{more}", flush=True)


def check_first_start(checks, binary):
    box = Container(binary, POSTGRES_USER="shopkeeper", POSTGRES_DB="shop",
                    POSTGRES_INITDB_ARGS="--data-checksums --encoding=UTF8 --auth-host=md5")
    try:
        secret = os.path.join(box.directory, "secret")
        with open(secret, "w") as file:
            file.write("it's secret\n")
        os.chmod(secret, 0o644)
        box.environment["POSTGRES_PASSWORD_FILE"] = secret
        box.script("01.sql", "create table item(name text);\ninsert into item values ('sql');")
        box.script("02.sql.gz", gzip.compress(b"insert into item values ('gz');"))
        box.script("03.sql.xz", lzma.compress(b"insert into item values ('xz');"))
        box.script("04.sh", "#!/bin/sh\nset -e\npsql -v ON_ERROR_STOP=1 --username "
                   "\"$POSTGRES_USER\" --dbname \"$POSTGRES_DB\" <<-SQL\n"
                   "insert into item values ('run');\nSQL\n", executable=True)
        box.script("05.sh", "echo \"insert into item values ('sourced')\" | docker_process_sql\n")
        box.script("notes.txt", "nothing to run")
        box.start("-c", "max_prepared_transactions=5", "-c", "statement_timeout=77s")
        checks.that("the first start is ready", box.ready(), box.output())
        check_running(checks, box)
        before = box.output()
        checks.that("the unknown file is ignored", "ignoring" in before, before)
        with box.connect("shopkeeper", "shop") as c:
            c.run("insert into item values ('last')")
            idle = box.connect("shopkeeper", "shop")
            sleeper = box.connect("shopkeeper", "shop")
            sleeper.send("select pg_sleep(100)")
            seconds = box.stop()
            idle.close()
            sleeper.close()
        checks.that(f"SIGTERM stops it ({seconds:.1f} s)", seconds < STOP_LIMIT_S, box.output())
        checks.that("it ends without an error", box.process.returncode == 0, box.output())
        # a second start
        box.start("postgres", "-c", "max_connections=33")
        checks.that("the second start is ready", box.ready(), box.output())
        checks.that("it skips initialization", "Skipping initialization" in box.output(),
                    box.output())
        with box.connect("shopkeeper", "shop") as c:
            checks.that("committed rows are there",
                        c.value("select count(*) from item where name = 'last'") == "1")
            checks.that("arguments of this start hold", c.value("show max_connections") == "33")
        seconds = box.stop(signal.SIGINT)
        checks.that(f"SIGINT stops it ({seconds:.1f} s)", seconds < STOP_LIMIT_S, box.output())
    finally:
        box.remove()


def check_running(checks, box):
    with box.connect("shopkeeper", "shop") as c:
        names = [row[0] for row in c.rows("select name from item")]
        checks.that("scripts ran in order", names == ["sql", "gz", "xz", "run", "sourced"], names)
        checks.that("settings of the command line", c.rows(
            "select current_setting('max_prepared_transactions'), "
            "current_setting('statement_timeout')") == [("5", "77s")])
        checks.that("the superuser is the one asked for", c.rows(
            "select rolname, rolsuper from pg_roles where rolname !~ '^pg_'") ==
            [("shopkeeper", "t")])
        checks.that("where it says it is", c.rows(
            "select current_setting('port'), current_setting('listen_addresses'), "
            "current_setting('data_directory'), current_setting('config_file')") ==
            [(str(box.port), "*", box.environment["PGDATA"],
              box.environment["PGDATA"] + "/luma.toml")])
    checks.that("it does not run as root", os.getuid() != 0 or owner_of(box.process.pid) != 0)
    with box.connect("shopkeeper", "shop", "it's secret".replace("'", "\\'"), "127.0.0.1") as c:
        checks.that("the password opens", c.value("select 1") == "1")
        checks.that("the server's address", c.rows(
            "select inet_server_addr(), inet_server_port()") == [("127.0.0.1", str(box.port))])
    try:
        box.connect("shopkeeper", "shop", "wrong", "127.0.0.1").close()
        checks.that("a wrong password is refused", False)
    except libpq.ConnectionLost as error:
        checks.that("a wrong password is refused", "password authentication" in str(error), error)


def owner_of(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"^Uid:\s+(\d+)", status.read(), re.MULTILINE)[1])


def check_refusals(checks, binary):
    cases = [
        ("no password", {}, {}, "superuser password is not specified"),
        ("both kinds of a variable", {"POSTGRES_DB": "a", "POSTGRES_DB_FILE": "/dev/null"}, {},
         "both POSTGRES_DB and POSTGRES_DB_FILE are set"),
        ("another encoding", {"POSTGRES_INITDB_ARGS": "-E LATIN1"}, {}, "LATIN1"),
        ("an unknown argument", {"POSTGRES_INITDB_ARGS": "--frobnicate"}, {}, "--frobnicate"),
        ("an SQL script that fails", {}, {"01.sql": "select 1;\nselect 1/0;\n"},
         "division by zero"),
        ("a shell script that fails", {}, {"01.sh": "#!/bin/sh\nexit 3\n"}, "running"),
        ("a damaged archive", {}, {"01.sql.gz": "not gzip"}, "not in gzip format"),
    ]
    for name, environment, scripts, message in cases:
        if name != "no password":
            environment = {"POSTGRES_PASSWORD": "p", **environment}
        box = Container(binary, **environment)
        try:
            for file, content in scripts.items():
                box.script(file, content, executable=file.endswith(".sh"))
            box.start()
            status = box.ended()
            checks.that(f"{name} stops it", status not in (0, None) and message in box.output(),
                        f"status {status}: {box.output()}")
            if scripts:
                box.start()
                checks.that(f"{name}: no start on half a database",
                            box.ended() not in (0, None) and "not empty" in box.output(),
                            box.output())
        finally:
            box.remove()


def check_trust(checks, binary):
    box = Container(binary, POSTGRES_HOST_AUTH_METHOD="trust")
    try:
        box.start()
        checks.that("trust needs no password", box.ready() and "WARNING" in box.output(),
                    box.output())
        with box.connect("postgres", "postgres", host="127.0.0.1") as c:
            checks.that("trust lets in", c.value("select current_user") == "postgres")
        box.stop()
    finally:
        box.remove()


def main():
    binary = servers.LumaServer().binary
    checks = Checks()
    check_first_start(checks, binary)
    check_trust(checks, binary)
    check_refusals(checks, binary)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
