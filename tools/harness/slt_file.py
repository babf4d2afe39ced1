"""The format of test/sql/**/*.slt, read and written.

A file is a list of records separated by blank lines; lines that start with # are comments.

    statement ok CREATE TABLE          a statement and the command tag it must answer
    create table t(a int)

    query int4,text rowsort            a statement with rows: column types, then the rows
    select a, b from t                 (rowsort: in any order; recorded for queries that have no
    ----                               ORDER BY of their own)
    1 | x
    NULL | "a | b"

    statement error 22012              a statement that must fail with this SQLSTATE
    select 1/0
    ----
    division by zero

    connection other                   what follows runs on the connection of that name

Lines between `\\data` and `\\.` after the SQL feed a COPY FROM STDIN. `NOTICE: text` lines after
`----` are notices. A record of several statements in one message is a `script`; its parts are
separated by `====`. Values are quoted like JSON where they would be ambiguous (empty, the word
NULL, with surrounding blanks, containing | or a line break).

Unrecorded input (a paragraph that starts with none of the keywords) is plain SQL: every line that
ends with ; ends a statement (\\; goes on), and `tools/slt --record` turns it into records. A line
`mask 1 3` before a statement hides columns whose values differ between servers; `nosort` keeps
the order of an unordered query.
"""

import dataclasses
import json
import re

KEYWORDS = ("statement", "query", "script", "copy")
_QUOTED = re.compile(r"^$|^NULL$|^\s|\s$|^\"|[|\x00-\x1f\x7f]|^#|^----|^====|^[A-Z]+: ")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclasses.dataclass
class Record:
    line: int
    sql: str = ""
    header: str = ""  # recorded expectation: "statement ok TAG", "query ...", "statement error X"
    body: tuple = ()
    data: str = None  # COPY FROM STDIN
    mask: tuple = ()
    nosort: bool = False
    connection: str = None  # a change of connection instead of a statement
    comment: str = None  # a comment block instead of a statement


def render_value(value):
    if value is None:
        return "NULL"
    if _QUOTED.search(value):
        return json.dumps(value, ensure_ascii=False)
    return value


def render_text(text):
    """Messages: nothing but control characters needs quotes."""
    return json.dumps(text, ensure_ascii=False) if _CONTROL.search(text) else text


def has_top_level_order(sql):
    """Whether the statement itself (not a subquery, window or aggregate) has ORDER BY."""
    text = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|\$\$.*?\$\$", "x", sql, flags=re.S)
    depth, plain = 0, []
    for char in text:
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif depth == 0:
            plain.append(char)
            continue
        plain.append(" ")
    return re.search(r"\border\s+by\b", "".join(plain), re.I) is not None


def is_ordered(sql):
    if has_top_level_order(sql):
        return True
    return re.match(r"\s*(show|explain|fetch|execute)\b", sql, re.I) is not None


def read(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    records, i = [], 0
    while i < len(lines):
        line = lines[i]
        if not line.strip():
            i += 1
            continue
        start = i
        while i < len(lines) and lines[i].strip():
            i += 1
        # A body or COPY data may hold blank lines only quoted or between \data and \.
        block = lines[start:i]
        while block.count("\\data") > block.count("\\."):
            block.append(lines[i])
            i += 1
            while i < len(lines) and lines[i].strip():
                block.append(lines[i])
                i += 1
        _read_block(block, start + 1, records)
    return records


def _read_block(block, line, records):
    while block and block[0].startswith("#"):
        comment = []
        while block and block[0].startswith("#"):
            comment.append(block.pop(0))
            line += 1
        records.append(Record(line - len(comment), comment="\n".join(comment)))
    if not block:
        return
    words = block[0].split()
    if words[0] == "connection" and len(words) == 2:
        records.append(Record(line, connection=words[1]))
        _read_block(block[1:], line + 1, records)
        return
    if words[0] in KEYWORDS and not block[0].rstrip().endswith(";"):
        records.append(_read_recorded(block, line))
        return
    _read_plain(block, line, records)


def _read_recorded(block, line):
    record = Record(line, header=block[0])
    options = [w for w in block[0].split() if w.startswith("mask=")]
    if options:
        record.mask = tuple(int(n) for n in options[0][5:].split(","))
    record.nosort = "nosort" in block[0].split()
    rest = block[1:]
    sql, data, body, where = [], None, [], "sql"
    for text in rest:
        if where == "sql" and text == "\\data":
            where, data = "data", []
        elif where == "data":
            if text == "\\.":
                where = "sql"
            else:
                data.append(text)
        elif where == "sql" and text == "----":
            where = "body"
        elif where == "sql":
            sql.append(text)
        else:
            body.append(text)
    record.sql, record.body = "\n".join(sql), tuple(body)
    record.data = None if data is None else "".join(d + "\n" for d in data)
    return record


def _read_plain(block, line, records):
    pending, first, mask, nosort, i = [], line, (), False, 0

    def finish(data=None):
        nonlocal pending, mask, nosort
        sql = "\n".join(pending).strip()
        if sql.endswith(";"):
            sql = sql[:-1].rstrip()
        if sql:
            records.append(Record(first, sql=sql, data=data, mask=mask, nosort=nosort))
        pending, mask, nosort = [], (), False

    while i < len(block):
        text = block[i]
        if not pending:
            first = line + i
            if text.startswith("#"):
                records.append(Record(first, comment=text))
                i += 1
                continue
            if text.startswith("mask "):
                mask = tuple(int(n) for n in text.split()[1:])
                i += 1
                continue
            if text == "nosort":
                nosort = True
                i += 1
                continue
            if text.startswith("connection "):
                records.append(Record(first, connection=text.split()[1]))
                i += 1
                continue
        if text.endswith("\\;"):
            pending.append(text[:-2] + ";")
        else:
            pending.append(text)
            if text.rstrip().endswith(";"):
                if i + 1 < len(block) and block[i + 1] == "\\data":
                    end = block.index("\\.", i)
                    finish("".join(d + "\n" for d in block[i + 2:end]))
                    i = end
                else:
                    finish()
        i += 1
    finish()


def write(path, records):
    out = []
    previous_comment = False
    for record in records:
        if record.comment is not None:
            out.append(("" if not out or previous_comment else "\n") + record.comment + "\n")
            previous_comment = True
            continue
        if out and not previous_comment:
            out.append("\n")
        previous_comment = False
        if record.connection is not None:
            out.append(f"connection {record.connection}\n")
            continue
        out.append(record.header + "\n" + record.sql + "\n")
        if record.data is not None:
            out.append("\\data\n" + record.data + "\\.\n")
        if record.body:
            out.append("----\n" + "".join(b + "\n" for b in record.body))
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(out))


def outcome(results, notices, record, type_name):
    """(header, body) of what a server answered, in the notation of the files."""
    body = [f"{severity}: {render_text(text)}" for severity, text in notices]
    parts = [_outcome_of(r, record, type_name) for r in results if r.status != 4]
    if len(parts) == 1 and results[0].status not in (3, 4):
        return parts[0][0], tuple(body + parts[0][1])
    if results and results[0].status in (3, 4):
        tag = results[-1]
        if tag.failed:
            header, lines = _outcome_of(tag, record, type_name)
            return header, tuple(body + lines)
        lines = [render_value(line.rstrip("\n")) for r in results for line in r.copy_lines]
        return f"copy {tag.tag}", tuple(body + lines)
    for index, (header, lines) in enumerate(parts):
        body += ["===="] * (index > 0) + [header] + lines
    return "script", tuple(body)


def _outcome_of(result, record, type_name):
    if result.failed:
        lines = [render_text(line) for line in (result.message or "").split("\n")]
        for label, text in (("DETAIL", result.detail), ("HINT", result.hint),
                            ("POSITION", result.position)):
            if text:
                lines.append(f"{label}: {render_text(text)}")
        return f"statement error {result.sqlstate or 'connection-lost'}", lines
    if result.status == 2:
        header = "query " + ",".join(type_name(t) for t in result.types)
        if not result.types:
            header = "query -"
        rows = [" | ".join("*" if c + 1 in record.mask else render_value(v)
                           for c, v in enumerate(row)) for row in result.rows]
        if record.nosort:
            header += " nosort"
        elif not is_ordered(record.sql):
            header += " rowsort"
            rows.sort()
        if record.mask:
            header += " mask=" + ",".join(str(m) for m in record.mask)
        if not result.types:
            rows = ["()" for _ in result.rows]
        columns = "COLUMNS: " + ",".join(render_value(c) for c in result.columns)
        return header, [columns] + rows if not re.match(r"(INSERT|UPDATE|DELETE)", result.tag) \
            else [columns] + rows + [f"TAG: {result.tag}"]
    return f"statement ok {result.tag}".rstrip(), []


_STRICT_ONLY = re.compile(r"^(DETAIL|HINT|POSITION): ")


def comparable(header, body, strict):
    if strict:
        return header, tuple(body)
    return header, tuple(line for line in body if not _STRICT_ONLY.match(line))
