"""A thin layer over Debian's libpq (through ctypes): text results, column types, error fields.

Used by every test harness instead of a driver, so that what the server sent is what is compared.
Not thread-safe per connection; different connections may be used from different threads.
"""

import ctypes
import select
import time

_pq = ctypes.CDLL("libpq.so.5")

_VOID, _STR, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_CONN, _RES = _VOID, _VOID
_NOTICE_RECEIVER = ctypes.CFUNCTYPE(None, _VOID, _VOID)

for _name, _result, _args in [
    ("PQconnectdb", _VOID, [_STR]),
    ("PQconnectStart", _VOID, [_STR]),
    ("PQstatus", _INT, [_CONN]),
    ("PQerrorMessage", _STR, [_CONN]),
    ("PQfinish", None, [_CONN]),
    ("PQsocket", _INT, [_CONN]),
    ("PQbackendPID", _INT, [_CONN]),
    ("PQserverVersion", _INT, [_CONN]),
    ("PQparameterStatus", _STR, [_CONN, _STR]),
    ("PQtransactionStatus", _INT, [_CONN]),
    ("PQsendQuery", _INT, [_CONN, _STR]),
    ("PQsendQueryParams", _INT,
     [_CONN, _STR, _INT, _VOID, ctypes.POINTER(_STR), _VOID, _VOID, _INT]),
    ("PQsendPrepare", _INT, [_CONN, _STR, _STR, _INT, _VOID]),
    ("PQsendQueryPrepared", _INT,
     [_CONN, _STR, _INT, ctypes.POINTER(_STR), _VOID, _VOID, _INT]),
    ("PQconsumeInput", _INT, [_CONN]),
    ("PQisBusy", _INT, [_CONN]),
    ("PQgetResult", _VOID, [_CONN]),
    ("PQflush", _INT, [_CONN]),
    ("PQresultStatus", _INT, [_RES]),
    ("PQresultErrorField", _STR, [_RES, _INT]),
    ("PQresultErrorMessage", _STR, [_RES]),
    ("PQntuples", _INT, [_RES]),
    ("PQnfields", _INT, [_RES]),
    ("PQfname", _STR, [_RES, _INT]),
    ("PQftype", ctypes.c_uint, [_RES, _INT]),
    ("PQgetisnull", _INT, [_RES, _INT, _INT]),
    ("PQgetvalue", _VOID, [_RES, _INT, _INT]),
    ("PQgetlength", _INT, [_RES, _INT, _INT]),
    ("PQcmdStatus", _STR, [_RES]),
    ("PQclear", None, [_RES]),
    ("PQgetCancel", _VOID, [_CONN]),
    ("PQcancel", _INT, [_VOID, _VOID, _INT]),
    ("PQfreeCancel", None, [_VOID]),
    ("PQputCopyData", _INT, [_CONN, _STR, _INT]),
    ("PQputCopyEnd", _INT, [_CONN, _STR]),
    ("PQgetCopyData", _INT, [_CONN, ctypes.POINTER(_VOID), _INT]),
    ("PQfreemem", None, [_VOID]),
    ("PQsetNoticeReceiver", _VOID, [_CONN, _NOTICE_RECEIVER, _VOID]),
]:
    _function = getattr(_pq, _name)
    _function.restype, _function.argtypes = _result, _args

EMPTY, COMMAND_OK, TUPLES_OK, COPY_OUT, COPY_IN, BAD_RESPONSE, NONFATAL, FATAL = range(8)


class ConnectionLost(Exception):
    """The server cannot be reached, or closed the connection."""


class TimedOut(Exception):
    """The server did not answer in time; the statement was cancelled."""


class ServerError(Exception):
    """An ErrorResponse, from Connection.run()."""

    def __init__(self, result):
        super().__init__(f"{result.sqlstate}: {result.message}")
        self.sqlstate = result.sqlstate
        self.message = result.message


def _text(value):
    return value.decode("utf-8", "replace") if value is not None else None


class Result:
    """One result of a statement: rows, a command tag, COPY output or an error. Owns libpq's result
    until its rows are asked for: making Python values of many rows takes longer than many queries,
    and who measures those does not want to wait for it."""

    def __init__(self, raw):
        self._raw, self._rows = raw, []
        self.status = _pq.PQresultStatus(raw)
        self.tag = _text(_pq.PQcmdStatus(raw)) or ""
        self.columns, self.types, self.copy_lines = [], [], []
        self.sqlstate = self.message = self.detail = self.hint = self.position = None
        self.severity = self.constraint = None
        if self.status in (BAD_RESPONSE, NONFATAL, FATAL):
            self._read_error(raw)
            self._clear()
            return
        for c in range(_pq.PQnfields(raw)):
            self.columns.append(_text(_pq.PQfname(raw, c)))
            self.types.append(_pq.PQftype(raw, c))
        if not self.columns:
            self._rows = [()] * _pq.PQntuples(raw)
            self._clear()

    def _clear(self):
        raw, self._raw = self._raw, None
        if raw:
            _pq.PQclear(raw)

    __del__ = _clear

    @property
    def rows(self):
        if self._raw is not None:
            raw, width = self._raw, len(self.columns)
            self._rows = [tuple(
                None if _pq.PQgetisnull(raw, r, c) else
                ctypes.string_at(_pq.PQgetvalue(raw, r, c), _pq.PQgetlength(raw, r, c))
                .decode("utf-8", "replace") for c in range(width))
                for r in range(_pq.PQntuples(raw))]
            self._clear()
        return self._rows

    def _read_error(self, raw):
        def field(code):
            return _text(_pq.PQresultErrorField(raw, ord(code)))
        self.severity = field("V") or field("S")
        self.sqlstate, self.message = field("C"), field("M")
        self.detail, self.hint, self.position = field("D"), field("H"), field("P")
        self.constraint = field("n")
        if self.message is None:
            self.message = (_text(_pq.PQresultErrorMessage(raw)) or "").strip()

    @property
    def failed(self):
        return self.status in (BAD_RESPONSE, NONFATAL, FATAL)


class Connection:
    def __init__(self, conninfo):
        self._raw = _pq.PQconnectdb(conninfo.encode())
        if _pq.PQstatus(self._raw) != 0:
            text = _text(_pq.PQerrorMessage(self._raw)) or ""
            _pq.PQfinish(self._raw)
            self._raw = None
            raise ConnectionLost(text.strip())
        self.notices = []  # of (severity, message)
        self._receiver = _NOTICE_RECEIVER(self._receive_notice)  # kept alive
        _pq.PQsetNoticeReceiver(self._raw, self._receiver, None)

    def _receive_notice(self, _, raw):
        self.notices.append((_text(_pq.PQresultErrorField(raw, ord("V"))) or "NOTICE",
                             _text(_pq.PQresultErrorField(raw, ord("M"))) or ""))

    def close(self):
        if self._raw:
            _pq.PQfinish(self._raw)
            self._raw = None

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def backend_pid(self):
        return _pq.PQbackendPID(self._raw)

    def transaction_status(self):
        """One of "idle", "active", "in transaction", "failed", "unknown"."""
        return ("idle", "active", "in transaction", "failed",
                "unknown")[_pq.PQtransactionStatus(self._raw)]

    def parameter_status(self, name):
        return _text(_pq.PQparameterStatus(self._raw, name.encode()))

    # --- asynchronous use -------------------------------------------------------------------
    def _check_sent(self, ok):
        if not ok:
            raise ConnectionLost((_text(_pq.PQerrorMessage(self._raw)) or "").strip())

    def send(self, sql):
        self._check_sent(_pq.PQsendQuery(self._raw, sql.encode()))

    def send_params(self, sql, values=()):
        array = (_STR * max(len(values), 1))(
            *[None if v is None else str(v).encode() for v in values])
        self._check_sent(_pq.PQsendQueryParams(self._raw, sql.encode(), len(values), None, array,
                                               None, None, 0))

    def send_prepare(self, name, sql):
        self._check_sent(_pq.PQsendPrepare(self._raw, name.encode(), sql.encode(), 0, None))

    def send_prepared(self, name, values=()):
        array = (_STR * max(len(values), 1))(
            *[None if v is None else str(v).encode() for v in values])
        self._check_sent(_pq.PQsendQueryPrepared(self._raw, name.encode(), len(values), array,
                                                 None, None, 0))

    def ready(self, timeout_s):
        """True when the next result can be fetched without waiting."""
        deadline = time.monotonic() + timeout_s
        while True:
            if not _pq.PQconsumeInput(self._raw):
                return True  # the connection is broken: fetching tells
            if not _pq.PQisBusy(self._raw):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            poller = select.poll()
            poller.register(_pq.PQsocket(self._raw), select.POLLIN)
            poller.poll(min(left, 1.0) * 1000)

    def fetch(self, timeout_s=60.0, copy_data=None):
        """All results of what was sent. `copy_data` (bytes) feeds a COPY FROM STDIN."""
        results = []
        while True:
            if not self.ready(timeout_s):
                self.cancel()
                if self.ready(5.0):
                    while _pq.PQgetResult(self._raw):
                        pass
                raise TimedOut(f"no answer within {timeout_s:g} s")
            raw = _pq.PQgetResult(self._raw)
            if not raw:
                break
            result = Result(raw)
            results.append(result)
            if result.status == COPY_IN:
                if copy_data:
                    _pq.PQputCopyData(self._raw, copy_data, len(copy_data))
                _pq.PQputCopyEnd(self._raw, None)
            elif result.status == COPY_OUT:
                self._read_copy(result, timeout_s)
            if _pq.PQstatus(self._raw) != 0:
                break
        if _pq.PQstatus(self._raw) != 0 and not any(r.failed for r in results):
            raise ConnectionLost((_text(_pq.PQerrorMessage(self._raw)) or "").strip())
        return results

    def _read_copy(self, result, timeout_s):
        pointer = _VOID()
        while True:
            length = _pq.PQgetCopyData(self._raw, ctypes.byref(pointer), 0)
            if length < 0:
                return
            result.copy_lines.append(
                ctypes.string_at(pointer, length).decode("utf-8", "replace"))
            _pq.PQfreemem(pointer)

    def alive(self):
        return self._raw is not None and _pq.PQstatus(self._raw) == 0

    def cancel(self):
        handle = _pq.PQgetCancel(self._raw)
        buffer = ctypes.create_string_buffer(256)
        _pq.PQcancel(handle, buffer, 256)
        _pq.PQfreeCancel(handle)

    # --- synchronous use --------------------------------------------------------------------
    def execute(self, sql, timeout_s=60.0, copy_data=None):
        """Simple protocol; the list of results, errors included."""
        self.send(sql)
        return self.fetch(timeout_s, copy_data)

    def run(self, sql, values=None, timeout_s=60.0):
        """The last result; raises ServerError, or ConnectionLost when the server went away."""
        if values is None:
            self.send(sql)
        else:
            self.send_params(sql, values)
        return self._last(timeout_s)

    def run_prepared(self, name, values=(), timeout_s=60.0):
        self.send_prepared(name, values)
        return self._last(timeout_s)

    def prepare(self, name, sql, timeout_s=60.0):
        self.send_prepare(name, sql)
        return self._last(timeout_s)

    def _last(self, timeout_s):
        results = self.fetch(timeout_s)
        for result in results:
            if result.failed:
                if result.sqlstate is None:
                    raise ConnectionLost(result.message)
                raise ServerError(result)
        if not self.alive():
            raise ConnectionLost("the connection broke")
        return results[-1] if results else None

    def rows(self, sql, values=None, timeout_s=60.0):
        return self.run(sql, values, timeout_s).rows

    def value(self, sql, values=None, timeout_s=60.0):
        rows = self.rows(sql, values, timeout_s)
        return rows[0][0] if rows else None
