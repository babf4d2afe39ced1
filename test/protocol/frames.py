"""Raw frames of the PostgreSQL protocol: order of answers, errors inside pipelines, hostile input.

Each test drives one socket and states what must come back; PostgreSQL 15 passes all of them.
"""

import socket
import struct
import time


class Wire:
    def __init__(self, server, database="postgres", start=True, **options):
        self.socket = socket.create_connection((server.host, server.port), 10)
        self.socket.settimeout(10)
        self.buffer = b""
        self.options = {"user": "postgres", "database": database, **options}
        if start:
            self.startup()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def startup(self):
        body = struct.pack("!i", 196608)
        for key, value in self.options.items():
            body += key.encode() + b"\0" + str(value).encode() + b"\0"
        self.raw(struct.pack("!i", len(body) + 5) + body + b"\0")
        self.greeting = self.until("Z")

    def raw(self, data):
        self.socket.sendall(data)

    @staticmethod
    def frame(kind, body=b""):
        return kind.encode() + struct.pack("!i", len(body) + 4) + body

    def send(self, *frames):
        self.raw(b"".join(frames))

    def receive(self):
        """(type, body); type "" when the server closed the connection."""
        while True:
            if len(self.buffer) >= 5:
                length = struct.unpack("!i", self.buffer[1:5])[0]
                if len(self.buffer) >= length + 1:
                    kind, body = chr(self.buffer[0]), self.buffer[5:length + 1]
                    self.buffer = self.buffer[length + 1:]
                    return kind, body
            try:
                data = self.socket.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                return "", b""
            if not data:
                return "", b""
            self.buffer += data

    def until(self, last):
        """Frames up to the first of type `last`, or the end of the connection."""
        out = []
        while True:
            kind, body = self.receive()
            out.append((kind, body))
            if kind in (last, ""):
                return out

    def kinds(self, last="Z"):
        return "".join(k for k, _ in self.until(last) if k not in "SN")

    def quiet(self):
        """True when nothing arrives within a short while."""
        self.socket.settimeout(0.3)
        try:
            return self.receive()[0] == "never"
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)


def text(value):
    return value.encode() + b"\0"


def parse(sql, name="", types=()):
    return Wire.frame("P", text(name) + text(sql) + struct.pack("!h", len(types)) +
                      b"".join(struct.pack("!I", t) for t in types))


def bind(values=(), portal="", name="", formats=(), results=()):
    body = text(portal) + text(name) + struct.pack("!h", len(formats))
    body += b"".join(struct.pack("!h", f) for f in formats) + struct.pack("!h", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            data = value if isinstance(value, bytes) else str(value).encode()
            body += struct.pack("!i", len(data)) + data
    body += struct.pack("!h", len(results)) + b"".join(struct.pack("!h", f) for f in results)
    return Wire.frame("B", body)


def describe(kind, name=""):
    return Wire.frame("D", kind.encode() + text(name))


def execute(portal="", limit=0):
    return Wire.frame("E", text(portal) + struct.pack("!i", limit))


def close(kind, name=""):
    return Wire.frame("C", kind.encode() + text(name))


def query(sql):
    return Wire.frame("Q", text(sql))


# Fails in execution, not in planning.
DIVISION = "select 1 / nullif(x, 1) from generate_series($1::int, 0) x"
SYNC, FLUSH = Wire.frame("S"), Wire.frame("H")


def fields(body):
    """The fields of an ErrorResponse."""
    return {chr(part[0]): part[1:].decode() for part in body.split(b"\0") if part}


def same(got, wanted):
    return got == wanted, f"{got} instead of {wanted}"


def row(body):
    count, values, at = struct.unpack("!h", body[:2])[0], [], 2
    for _ in range(count):
        length = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append(None if length < 0 else body[at:at + length])
        at += max(length, 0)
    return values


def check_startup(server, check):
    with Wire(server) as w:
        kinds = [k for k, _ in w.greeting]
        check("startup: R first, then parameters, key, ready",
              kinds[0] == "R" and kinds[-1] == "Z" and kinds[-2] == "K" and kinds.count("S") >= 11)
        names = [b.split(b"\0")[0].decode() for k, b in w.greeting if k == "S"]
        wanted = {"application_name", "client_encoding", "DateStyle", "integer_datetimes",
                  "IntervalStyle", "is_superuser", "server_encoding", "server_version",
                  "session_authorization", "standard_conforming_strings", "TimeZone",
                  "default_transaction_read_only", "in_hot_standby"}
        check("startup: parameter set", wanted <= set(names), str(wanted - set(names)))
    with Wire(server, start=False) as w:
        w.raw(struct.pack("!ii", 8, 80877103))
        check("SSLRequest without TLS answers N", w.socket.recv(1) == b"N")
        w.startup()
        check("startup after SSLRequest", w.greeting[-1][0] == "Z")
    with Wire(server, start=False) as w:
        w.raw(struct.pack("!ii", 8, 80877104))
        check("GSSENCRequest is answered", w.socket.recv(1) in (b"N", b"G"))
    with Wire(server, start=False, database="no_such_database") as w:
        w.startup()
        errors = [fields(b) for k, b in w.greeting if k == "E"]
        check("unknown database: 3D000", errors and errors[0]["C"] == "3D000", str(errors))
    with Wire(server, start=False) as w:
        w.options["options"] = "-c work_mem=7MB"
        w.startup()
        w.send(query("show work_mem"))
        rows = [row(b) for k, b in w.until("Z") if k == "D"]
        check("options at startup", rows == [[b"7MB"]], str(rows))
    with Wire(server, start=False) as w:
        w.options["nosuchsetting"] = "1"
        w.startup()
        errors = [fields(b) for k, b in w.greeting if k == "E"]
        check("unknown setting at startup: 42704", errors and errors[0]["C"] == "42704")
    with Wire(server, start=False) as w:
        w.raw(struct.pack("!ii", 8, 0x00040000))
        check("protocol 4.0 is refused", w.receive()[0] in ("E", ""))


def check_simple(server, check):
    with Wire(server) as w:
        w.send(query("select 1"))
        check("simple query", *same(w.kinds(), "TDCZ"))
        w.send(query(""))
        check("empty query", *same(w.kinds(), "IZ"))
        w.send(query("select 1; select 2; create temp table x(a int)"))
        check("several statements", *same(w.kinds(), "TDCTDCCZ"))
        w.send(query("select 1; select 1/0; select 3"))
        check("error stops the message", *same(w.kinds(), "TDCEZ"))
        w.send(query("begin"), query("select 1/0"), query("select 1"), query("rollback"))
        answers = [w.until("Z") for _ in range(4)]
        check("status bytes T, E, E, I",
              b"".join(a[-1][1] for a in answers) == b"TEEI", str([a[-1] for a in answers]))
        w.send(query("select 'x'::text, null, 1.5"))
        rows = [row(b) for k, b in w.until("Z") if k == "D"]
        check("values in text", rows == [[b"x", None, b"1.5"]])
        w.send(query("set application_name = 'abc'"))
        got = w.until("Z")
        check("ParameterStatus before ready", ("S", b"application_name\0abc\0") in got)
        w.send(query("selec"))
        error = fields(next(b for k, b in w.until("Z") if k == "E"))
        check("error fields", {"S", "V", "C", "M", "P"} <= set(error) and error["P"] == "1",
              str(error))


def check_extended(server, check):
    with Wire(server) as w:
        w.send(parse("select $1::int + 1"), bind([41]), describe("P"), execute(), SYNC)
        check("parse bind describe execute", *same(w.kinds(), "12TDCZ"))
        w.send(parse("select $1::int + 1, $2::text", "s1"), describe("S", "s1"), SYNC)
        got = w.until("Z")
        check("describe statement", "".join(k for k, _ in got) == "1tTZ")
        check("parameter types", got[1][1] == struct.pack("!hII", 2, 23, 25), str(got[1]))
        w.send(bind([struct.pack("!i", 5), b"x"], "", "s1", (1, 0), (1,)), execute(), SYNC)
        rows = [row(b) for k, b in w.until("Z") if k == "D"]
        check("binary parameters and results", rows == [[struct.pack("!i", 6), b"x"]], str(rows))
        w.send(parse("select 1", "s1"), SYNC)
        got = w.until("Z")
        check("statement exists: 42P05", fields(got[0][1]).get("C") == "42P05", str(got))
        w.send(close("S", "s1"), SYNC, bind([], "", "s1"), SYNC)
        check("close", *same(w.kinds(), "3Z"))
        got = w.until("Z")
        check("no such statement: 26000", fields(got[0][1]).get("C") == "26000", str(got))
        w.send(close("S", "nosuch"), close("P", "nosuch"), SYNC)
        check("closing nothing is fine", *same(w.kinds(), "33Z"))
        w.send(parse(DIVISION), bind([0]), execute(), parse("select 1"), bind(), execute(), SYNC)
        check("error skips to sync", *same(w.kinds(), "12EZ"))
        w.send(parse("insert into nosuch values (1)"), bind(), execute(), SYNC, query("select 1"))
        check("parse error, then sync", *same(w.kinds(), "EZ"))
        check("goes on after sync", *same(w.kinds(), "TDCZ"))
        w.send(parse("select generate_series(1, 5)"), bind(), execute("", 2), FLUSH)
        check("row limit suspends", *same(w.kinds("s"), "12DDs"))
        w.send(execute("", 2), execute("", 2), SYNC)
        check("goes on and completes", *same(w.kinds(), "DDsDCZ"))
        w.send(query("begin"), parse("select generate_series(1, 3)", "g"), bind([], "p", "g"),
               execute("p", 1), SYNC, execute("p", 1), SYNC, execute("p"), SYNC, query("commit"))
        check("begin", *same(w.kinds(), "CZ"))
        check("portal lives in a transaction", *same(w.kinds(), "12DsZ"))
        check("next row", *same(w.kinds(), "DsZ"))
        check("last row", *same(w.kinds(), "DCZ"))
        check("commit", *same(w.kinds(), "CZ"))
        w.send(execute("p"), SYNC)
        got = w.until("Z")
        check("portal is gone: 34000", fields(got[0][1]).get("C") == "34000", str(got))
        w.send(parse(""), bind(), describe("P"), execute(), SYNC)
        check("empty statement", *same(w.kinds(), "12nIZ"))
        w.send(parse("create temp table e(a int)"), bind(), describe("P"), execute(), SYNC)
        check("no data", *same(w.kinds(), "12nCZ"))
        w.send(parse("select 1; select 2"), SYNC)
        got = w.until("Z")
        check("several commands: 42601", fields(got[0][1]).get("C") == "42601", str(got))
        w.send(parse("select $1::int"), bind(["x"]), execute(), SYNC)
        got = w.until("Z")
        check("bad parameter text: 22P02", fields(got[1][1]).get("C") == "22P02", str(got))
        w.send(parse("select $1::int"), bind([b"\0\0"], formats=(1,)), execute(), SYNC)
        got = w.until("Z")
        check("bad binary length: 08P01 or 22P03",
              fields(got[1][1]).get("C") in ("08P01", "22P03"), str(got))
        w.send(parse("select $1::int"), bind([1, 2]), execute(), SYNC)
        got = w.until("Z")
        check("wrong number of parameters: 08P01", fields(got[1][1]).get("C") == "08P01", str(got))
        w.send(*[parse("select 1"), bind(), execute()] * 50, SYNC)
        check("long pipeline", *same(w.kinds(), "12DC" * 50 + "Z"))
        pieces = []
        for i in range(20):
            pieces += [parse("select $1::int" if i != 7 else DIVISION), bind([i if i != 7 else 0]),
                       execute(), SYNC]
        w.send(*pieces)
        got = [w.kinds() for _ in range(20)]
        check("pipeline with a sync each", got == ["12DCZ"] * 7 + ["12EZ"] + ["12DCZ"] * 12,
              str(got))


def check_termination(server, check):
    """pg_terminate_backend reaches sessions that have nothing to do."""
    with Wire(server) as other:
        for state in ("", "begin", "begin; select 1/0", "set idle_session_timeout = 60000"):
            with Wire(server) as w:
                if state:
                    w.send(query(state))
                    w.until("Z")
                pid = struct.unpack("!i", dict(w.greeting)["K"][:4])[0]
                other.send(query(f"select pg_terminate_backend({pid})"))
                check("terminate: says so", *same(row(dict(other.until("Z"))["D"])[0], b"t"))
                got = w.until("E")
                check(f"terminate: told after '{state}'",
                      *same(fields(got[-1][1]).get("C"), "57P01"))
                check("terminate: and closed", *same(w.receive()[0], ""))


def check_cursors(server, check):
    """Execute and FETCH read the same portal, whoever opened it, in turn."""
    def told(w):
        got = w.until("Z")
        return " ".join(row(b)[0].decode() if k == "D" else
                        b.rstrip(b"\0").decode() if k == "C" else
                        fields(b).get("C") if k == "E" else k for k, b in got[:-1])

    with Wire(server) as w:
        w.send(query("begin; create temp table numbers(i int);"
                     "insert into numbers select generate_series(1, 5000)"))
        w.until("Z")
        sql = "select i from numbers order by i"
        w.send(parse(sql, "q"), bind([], "p", "q"), execute("p", 3), SYNC)
        check("cursors: portal", *same(told(w), "1 2 1 2 3 s"))
        w.send(query("fetch 2 from p; move 2 in p"))
        check("cursors: FETCH and MOVE go on", *same(told(w), "T 4 5 FETCH 2 MOVE 2"))
        w.send(execute("p", 2), SYNC, query("fetch absolute 4990 in p"), SYNC)
        check("cursors: Execute goes on", *same(told(w), "8 9 s"))
        check("cursors: position in the whole", *same(told(w), "T 4990 FETCH 1"))
        w.until("Z")
        w.send(query("fetch relative 9 in p"), execute("p"), SYNC, execute("p"), SYNC)
        check("cursors: relative", *same(told(w), "T 4999 FETCH 1"))
        check("cursors: to the end", *same(told(w), "5000 SELECT 1"))
        check("cursors: after the end", *same(told(w), "SELECT 0"))
        w.send(query("savepoint s; fetch backward 1 from p"), query("rollback to s"))
        check("cursors: only forward", *same(told(w), "SAVEPOINT 55000"))
        w.until("Z")
        w.send(bind([], "e", "q"), execute("e", 1), execute("e"), SYNC, query("fetch 1 from e"))
        check("cursors: read to the end", told(w).endswith("5000 SELECT 4999"))
        check("cursors: nothing is left", *same(told(w), "T FETCH 0"))
        w.send(query("declare c scroll cursor for select i from numbers order by i; fetch 2 from c"),
               execute("c", 2), execute("c", 1), SYNC, query("fetch backward 2 from c"))
        w.until("Z")
        check("cursors: Execute after FETCH", *same(told(w), "3 4 s 5 s"))
        check("cursors: backward after Execute", *same(told(w), "T 4 3 FETCH 2"))
        w.send(bind([], "f", "q"), SYNC, query("select 1/0"), execute("f"), SYNC)
        w.until("Z")
        w.until("Z")
        check("cursors: a portal of a failed block", *same(told(w), "25P02"))
        w.send(query("rollback"))
        w.until("Z")
        w.send(query("begin; declare b binary scroll cursor for select 7"), parse("fetch 1 from b"),
               bind(), describe("P"), execute(), SYNC, query("move backward all in b; fetch b"),
               query("rollback"))
        w.until("Z")
        got = w.until("Z")
        check("cursors: formats are those of Bind", [row(b)[0] for k, b in got if k == "D"] == [b"7"],
              str(got))
        got = w.until("Z")
        check("cursors: without Bind those of DECLARE",
              [row(b)[0] for k, b in got if k == "D"] == [struct.pack("!i", 7)], str(got))
        w.until("Z")
        w.send(query("begin; declare h cursor with hold for select 7 from generate_series(1, 3);"
                     "commit"), execute("h", 2), SYNC, execute("h"), SYNC, query("close h"))
        w.until("Z")
        check("cursors: WITH HOLD", *same(told(w), "7 7 s"))
        check("cursors: WITH HOLD to the end", *same(told(w), "7 SELECT 1"))


def check_utility_parameters(server, check):
    """Statements that are no queries but have one inside take parameters, too."""
    with Wire(server) as w:
        w.send(query("create temp table u(id int primary key, b text); "
                     "insert into u select i, i::text from generate_series(1, 9) i; "
                     "create procedure pg_temp.pa(a int, inout b text) language plpgsql "
                     "as 'begin b := b || a; end'"))
        w.until("Z")
        sql = "explain (costs off) select b from u where id + 0 = $1 and b <> $2 and $3"
        w.send(parse(sql, "x"), describe("S", "x"), SYNC)
        got = w.until("Z")
        check("explain: describe", "".join(k for k, _ in got) == "1tTZ", str(got))
        check("explain: parameter types",
              got[1][1] == struct.pack("!hIII", 3, 23, 25, 16), str(got[1]))
        w.send(bind([5, "it's", "t"], "", "x"), describe("P"), execute(), SYNC)
        rows = [row(b)[0] for k, b in w.until("Z") if k == "D"]
        check("explain: the values are shown", len(rows) == 2 and
              rows[1].strip() == b"Filter: ((b <> 'it''s'::text) AND ((id + 0) = 5))", str(rows))
        w.send(bind([struct.pack("!i", 7), None, b"\1"], "", "x", (1,)), execute(), SYNC)
        check("explain: binary and NULL", w.kinds()[:2] == "2D")
        w.send(bind([1], "", "x"), SYNC)
        got = w.until("Z")
        check("explain: wrong number: 08P01", fields(got[0][1]).get("C") == "08P01", str(got))
        w.send(bind(["x", "", "t"], "", "x"), SYNC)
        got = w.until("Z")
        check("explain: bad value: 22P02", fields(got[0][1]).get("C") == "22P02", str(got))
        w.send(parse("explain analyze select $1"), describe("S"), SYNC)
        got = w.until("Z")
        check("explain: unknown becomes text", got[1][1] == struct.pack("!hI", 1, 25), str(got))
        w.send(query("explain select $1"))
        got = w.until("Z")
        check("no values in simple queries: 42P02",
              fields(got[0][1]).get("C") == "42P02", str(got))
        w.send(query("begin"), parse("declare c cursor for select b from u where id > $1"),
               bind([7]), execute(), SYNC, query("fetch all from c"), query("commit"))
        check("declare cursor: begin", *same(w.kinds(), "CZ"))
        check("declare cursor", *same(w.kinds(), "12CZ"))
        check("declare cursor: rows", *same(w.kinds(), "TDDCZ"))
        w.until("Z")
        w.send(parse("create temp table made as select id, $2::text as t from u where id > $1"),
               describe("S"), bind([6, "x"]), execute(), SYNC)
        got = w.until("Z")
        check("create table as", "".join(k for k, _ in got if k != "S") == "1tn2CZ" and
              got[1][1] == struct.pack("!hII", 2, 23, 25), str(got))
        w.send(parse("call pg_temp.pa($1, $2)"), describe("S"), bind([4, "x"]), execute(), SYNC)
        got = w.until("Z")
        rows = [row(b) for k, b in got if k == "D"]
        check("call", rows == [[b"x4"]] and got[1][1] == struct.pack("!hII", 2, 23, 25), str(got))
        # What a procedure gives back is declared as void by drivers.
        w.send(query("create procedure pg_temp.po(a int, out b int, inout c text) language plpgsql "
                     "as 'begin b := a + 1; c := c || a; end'"),
               parse("call pg_temp.po($1, $2, $3)", types=(23, 2278, 1043)), describe("S"),
               bind([4, None, "x"]), execute(), SYNC)
        w.until("Z")
        got = w.until("Z")
        rows = [row(b) for k, b in got if k == "D"]
        check("call: void parameters", rows == [[b"5", b"x4"]] and
              got[1][1] == struct.pack("!hIII", 3, 23, 23, 1043), str(got))
        # A notice does not wait for the end of its statement.
        w.send(query("do 'begin raise notice ''soon''; perform pg_sleep(0.5); end'"))
        w.until("N")
        check("a notice comes at once", w.quiet() and w.kinds() == "CZ")
        w.send(query("create domain pg_temp.positive as int not null check (value > 0); "
                     "select 'positive'::regtype::oid"))
        domain = int([row(b)[0] for k, b in w.until("Z") if k == "D"][0])
        for value, code in ((None, "23502"), (-1, "23514")):
            w.send(parse("select $1", types=(domain,)), bind([value]), execute(), SYNC)
            error = fields(dict(w.until("Z"))["E"])
            check("domain: checked by Bind", *same(error.get("C"), code))
            check("domain: named", *same(error.get("d"), "positive"))
            check("domain: its schema", error.get("s", "").startswith("pg_temp"), str(error))


def check_copy(server, check):
    with Wire(server) as w:
        w.send(query("create temp table c(a int primary key, b text)"))
        w.until("Z")
        w.send(query("copy c from stdin"))
        check("CopyInResponse", *same(w.kinds("G"), "G"))
        w.send(Wire.frame("d", b"1\tx\n2\t"), Wire.frame("d", b"y\n"), Wire.frame("c"))
        check("rows split over frames", *same(w.kinds(), "CZ"))
        w.send(query("copy c from stdin"))
        w.until("G")
        w.send(Wire.frame("d", b"3\tz\n"), Wire.frame("f", b"stop\0"))
        got = w.until("Z")
        check("CopyFail: 57014", fields(got[0][1]).get("C") == "57014", str(got))
        w.send(query("copy c from stdin"))
        w.until("G")
        w.send(Wire.frame("d", b"bad\tz\n"), Wire.frame("d", b"4\tz\n"), Wire.frame("c"))
        check("error in data", *same(w.kinds(), "EZ"))
        w.send(query("copy c to stdout"))
        got = w.until("Z")
        check("copy out", "".join(k for k, _ in got) == "HddcCZ" and got[1][1] == b"1\tx\n",
              str(got))
        w.send(parse("copy c from stdin"), bind(), execute(), SYNC)
        check("copy in through the extended protocol", *same(w.kinds("G"), "12G"))
        w.send(Wire.frame("d", b"9\tq\n"), Wire.frame("c"), SYNC)
        check("and its end", *same(w.kinds(), "CZ"))
        w.send(query("copy c to stdout with (format binary)"))
        got = w.until("Z")
        check("binary copy signature", got[0][0] == "H" and
              got[1][1].startswith(b"PGCOPY\n\xff\r\n\0"), str(got[:2]))
        w.send(query("create temp table filled(a int not null)"), query("copy filled from stdin"))
        w.until("Z")
        w.until("G")
        # A client that sends slowly hears of the error while it sends.
        w.send(Wire.frame("d", b"\\N\n"))
        time.sleep(0.2)
        w.send(Wire.frame("d", b"1\n"))
        check("copy: an error does not wait for the end", *same(w.kinds("E"), "E"))
        w.send(Wire.frame("d", b"2\n"), Wire.frame("c"))
        check("copy: the rest is skipped", *same(w.kinds(), "Z"))


def check_hostile(server, check):
    attacks = {
        "length below four": b"Q\0\0\0\1",
        "negative length": b"Q\xff\xff\xff\xff",
        "huge length": b"Q\x7f\xff\xff\xff",
        "unknown type": Wire.frame("?", b"abc"),
        "query without terminator": Wire.frame("Q", b"select 1"),
        "truncated bind": Wire.frame("B", b"\0\0\0\1"),
        "negative counts": Wire.frame("B", b"\0\0\xff\xff\xff\xff\xff\xff"),
        "parse with a wild count": Wire.frame("P", b"\0select 1\0\x7f\xff"),
        "invalid UTF-8": query("select '") + b"",
    }
    attacks["invalid UTF-8"] = Wire.frame("Q", b"select '\xff\xfe'\0")
    for name, data in attacks.items():
        with Wire(server) as w:
            w.send(data)
            w.socket.shutdown(socket.SHUT_WR)
            try:
                kinds = [k for k, _ in w.until("Z")]
                ok = kinds and kinds[0] in ("E", "")
            except TimeoutError:
                kinds, ok = ["timeout"], False
            check(f"hostile: {name}", ok, str(kinds))
    starts = {"zero": b"\0\0\0\0", "short": b"\0\0\0\5x", "huge": b"\x7f\xff\xff\xff\0\3\0\0",
              "http": b"GET / HTTP/1.1\r\n\r\n", "no terminator": struct.pack("!ii", 12, 196608)
              + b"user"}
    for name, data in starts.items():
        with Wire(server, start=False) as w:
            w.raw(data)
            w.socket.shutdown(socket.SHUT_WR)
            try:
                ok = w.receive()[0] in ("E", "")
            except TimeoutError:
                ok = False
            check(f"hostile start: {name}", ok)
    with Wire(server) as w:
        w.send(query("select 1"))
        check("the server is still there", *same(w.kinds(), "TDCZ"))


def check_cancel(server, check):
    with Wire(server) as w:
        key = next(b for k, b in w.greeting if k == "K")
        w.send(query("select pg_sleep(30)"))
        time.sleep(0.3)  # a cancel that comes before the statement does nothing
        with Wire(server, start=False) as c:
            c.raw(struct.pack("!ii", 16, 80877102) + key)
            check("cancel connection is closed", c.receive()[0] == "")
        got = w.until("Z")
        errors = [fields(b) for k, b in got if k == "E"]
        check("cancelled: 57014", errors and errors[0]["C"] == "57014", str(got))
        with Wire(server, start=False) as c:
            c.raw(struct.pack("!ii", 16, 80877102) + key[:4] + b"nope")
            c.receive()
        w.send(query("select 1"))
        check("wrong cancel key does nothing", *same(w.kinds(), "TDCZ"))
        w.send(Wire.frame("X"))
        check("terminate closes", w.receive()[0] == "")


def run(server, checks):
    last = ""

    def check(name, ok, detail=""):
        nonlocal last
        last = name
        checks.check(name, ok, detail)

    for part in (check_startup, check_simple, check_extended, check_cursors, check_termination,
                 check_utility_parameters, check_copy, check_cancel, check_hostile):
        try:
            part(server, check)
        except (OSError, IndexError, StopIteration, struct.error) as error:
            checks.check(part.__name__, False, f"after \"{last}\": "
                         f"{type(error).__name__} {error}")
