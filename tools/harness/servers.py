"""Starts servers for tests: LumaDB, and PostgreSQL 15 as the oracle. Both live in a temporary
directory on a private port and are gone when stopped, however the test ends."""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import libpq

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POSTGRES_BIN = "/usr/lib/postgresql/15/bin"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class StartFailed(Exception):
    pass


class Server:
    """What both kinds share. `process` is the leader; stop() ends the whole process group."""

    name = "server"

    def __init__(self):
        self.process = None
        self.port = None
        self.host = "127.0.0.1"
        self.directory = None
        atexit.register(self.stop)

    def conninfo(self, database="postgres", **options):
        text = f"host={self.host} port={self.port} user=postgres dbname={database} " \
               "connect_timeout=10 client_encoding=UTF8"
        for key, value in options.items():
            text += f" {key}='{value}'"
        return text

    def connect(self, database="postgres", **options):
        return libpq.Connection(self.conninfo(database, **options))

    def environment(self, database="postgres"):
        """For psql, pgbench and other clients."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        env.update(PGHOST=self.host, PGPORT=str(self.port), PGUSER="postgres",
                   PGDATABASE=database, PGCLIENTENCODING="UTF8", PSQLRC="/dev/null",
                   PATH=POSTGRES_BIN + ":" + env.get("PATH", "/usr/bin:/bin"), LC_ALL="C.UTF-8",
                   PGCONNECT_TIMEOUT="10")
        return env

    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, timeout_s=60.0):
        deadline = time.monotonic() + timeout_s
        error = "no answer"
        while time.monotonic() < deadline:
            if not self.running():
                raise StartFailed(f"{self.name} ended while starting: {self.log_tail()}")
            try:
                self.connect().close()
                return
            except libpq.ConnectionLost as lost:
                error = str(lost)
            time.sleep(0.02)
        raise StartFailed(f"{self.name} did not become ready: {error}")

    def log_tail(self, lines=5):
        try:
            with open(os.path.join(self.directory, "log"), errors="replace") as log:
                return " / ".join(log.read().strip().splitlines()[-lines:])
        except OSError:
            return ""

    def kill(self):
        """SIGKILL, as a crash would be."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def stop(self):
        if self.running():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None
        if self.directory and self.remove_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# With these a few changed rows make the background write a segment, or a statement load one.
COLUMNAR_OPTIONS = [part for setting in ("flush_rows=10", "interval_ms=2", "load_rows=5")
                    for part in ("--set", f"columnar.{setting}")]


class LumaServer(Server):
    name = "lumadb"
    stop_signal = signal.SIGTERM

    def __init__(self, preset="release", directory=None, options=(), environment=None):
        super().__init__()
        self.binary = os.environ.get("LUMA_BINARY") or os.path.join(
            ROOT, "build", preset, "bin", "lumadb")
        self.remove_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="luma_test_")
        self.data = os.path.join(self.directory, "data")
        self.options = list(options)
        self.extra_environment = environment or {}

    def start(self, timeout_s=60.0):
        if not os.access(self.binary, os.X_OK):
            raise StartFailed(f"{self.binary} does not exist; build it first")
        for attempt in range(5):  # another process may take the port between probe and bind
            self.port = self.port or free_port()
            log = open(os.path.join(self.directory, "log"), "ab")
            env = dict(os.environ, **self.extra_environment)
            self.process = subprocess.Popen(
                [self.binary, "--data-dir", self.data, "--port", str(self.port), "--listen",
                 "127.0.0.1", "--socket-dir", "", "--auth", "trust", *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=env)
            log.close()
            try:
                self.wait_ready(timeout_s)
                return self
            except StartFailed:
                if attempt == 4 or "in use" not in self.log_tail(20):
                    self.kill()
                    raise
                self.port = None
        return self


    def default_to_columnar(self):
        with self.connect() as c:
            c.run("alter role current_user set default_table_access_method = columnar")


class PostgresServer(Server):
    name = "postgresql"
    stop_signal = signal.SIGINT  # fast shutdown

    def __init__(self, settings=None):
        super().__init__()
        self.remove_directory = True
        self.directory = tempfile.mkdtemp(prefix="luma_oracle_")
        self.data = os.path.join(self.directory, "data")
        self.settings = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off",
                         "timezone": "UTC", "log_timezone": "UTC",
                         "max_prepared_transactions": "0"}
        self.settings.update(settings or {})
        self.user = {}
        if os.getuid() == 0:  # the server refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def start(self, timeout_s=60.0):
        initdb = os.path.join(POSTGRES_BIN, "initdb")
        if not os.access(initdb, os.X_OK):
            raise StartFailed("PostgreSQL 15 is missing; run tools/install-packages as root")
        made = subprocess.run(
            [initdb, "-D", self.data, "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "-A",
             "trust", "--no-sync"], capture_output=True, text=True, cwd=self.directory,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **self.user)
        if made.returncode != 0:
            raise StartFailed(f"initdb failed: {made.stderr.strip()}")
        self.port = free_port()
        log = os.open(os.path.join(self.directory, "log"), os.O_CREAT | os.O_WRONLY, 0o644)
        command = [os.path.join(POSTGRES_BIN, "postgres"), "-D", self.data, "-p", str(self.port),
                   "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        for key, value in self.settings.items():
            command += ["-c", f"{key}={value}"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            cwd=self.directory, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            **self.user)
        os.close(log)
        self.wait_ready(timeout_s)
        return self


class RemoteServer(Server):
    """One that somebody else runs: tools/slt --server host:port."""

    name = "given server"
    remove_directory = False

    def __init__(self, address):
        super().__init__()
        self.host, _, port = address.rpartition(":")
        self.host, self.port = self.host or "127.0.0.1", int(port)

    def start(self):
        return self

    def running(self):
        return True

    def stop(self):
        pass
