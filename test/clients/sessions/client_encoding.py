# Clients that do not use UTF-8: statements, values, names, errors and COPY in their encoding.
import io

import psycopg2
import psycopg2.errors

SAMPLES = {
    "LATIN1": ("latin-1", "caf\u00e9 \u00fe"),
    "LATIN9": ("iso8859-15", "\u20ac \u0160"),
    "WIN1252": ("cp1252", "\u20ac \u201cx\u201d"),
    "WIN1251": ("cp1251", "\u041f\u0440\u0438\u0432\u0435\u0442"),
    "KOI8R": ("koi8-r", "\u041f\u0440\u0438\u0432\u0435\u0442"),
    "EUC_JP": ("euc-jp", "\u65e5\u672c\u8a9e"),
    "SJIS": ("cp932", "\u8868\u65e5\u672c"),  # its second bytes look like backslashes
    "EUC_KR": ("euc-kr", "\ud55c\uad6d\uc5b4"),
    "BIG5": ("cp950", "\u4e2d\u6587\u529f"),
    "GBK": ("gbk", "\u4e2d\u6587"),
    "GB18030": ("gb18030", "\u4e2d\U00020000"),
}
db = psycopg2.connect("")
db.autocommit = True
cur = db.cursor()
cur.execute("create table words(name text primary key, s text)")
for name, (codec, text) in SAMPLES.items():
    db.set_client_encoding("UTF8")
    cur.execute("insert into words values (%s, %s)", (name, text))
    db.set_client_encoding(name)
    assert db.info.parameter_status("client_encoding") == name
    cur.execute("select s, length(s), encode(convert_to(s, 'UTF8'), 'hex') from words "
                "where name = %s and s = %s", (name, text))
    assert cur.fetchone() == (text, len(text), text.encode().hex()), name
    cur.execute(b"select '" + text.encode(codec) + b"' as \"" + text.encode(codec) + b"\"")
    assert cur.description[0].name == text and cur.fetchone() == (text,), name
    try:
        cur.execute(b'select "' + text.encode(codec) + b'"')
        raise AssertionError("no error")
    except psycopg2.errors.UndefinedColumn as error:
        assert text in str(error), (name, str(error))
    out = io.BytesIO()
    cur.copy_expert(f"copy (select s, s from words where name = '{name}') to stdout", out)
    assert out.getvalue() == text.encode(codec) + b"\t" + text.encode(codec) + b"\n", name
    cur.execute("create temporary table copied(a text, b text)")
    cur.copy_expert("copy copied from stdin", io.BytesIO(out.getvalue() * 3), size=5)
    cur.execute("select count(*) from copied where a = b and a = %s", (text,))
    assert cur.fetchone() == (3,), name
    db.set_client_encoding("UTF8")
    cur.execute("truncate copied")
    cur.copy_expert(f"copy copied from stdin encoding '{name}' csv",
                    io.BytesIO(text.encode(codec) + b"," + text.encode(codec) + b"\n"))
    cur.execute("select a, b from copied")
    assert cur.fetchone() == (text, text), name
    out = io.BytesIO()
    cur.copy_expert(f"copy copied(a) to stdout encoding '{name}'", out)
    assert out.getvalue() == text.encode(codec) + b"\n", name
    cur.execute("drop table copied")

db.set_client_encoding("LATIN1")
for statement, state, message in [
        (b"select convert_from('\\xe282ac', 'UTF8')", "22P05",
         'character with byte sequence 0xe2 0x82 0xac in encoding "UTF8" has no equivalent in '
         'encoding "LATIN1"'),
        (b"select 1", None, None)]:
    try:
        cur.execute(statement)
        assert state is None, statement
    except psycopg2.Error as error:
        assert (error.pgcode, error.diag.message_primary) == (state, message), str(error)
db.set_client_encoding("SJIS")
try:
    cur.execute(b"select '\x81 '")
    raise AssertionError("malformed text accepted")
except psycopg2.Error as error:
    assert error.pgcode == "22021", str(error)
    assert error.diag.message_primary == 'invalid byte sequence for encoding "SJIS": 0x81 0x20'
db.set_client_encoding("WIN1252")
try:
    cur.execute(b"select '\x81'")
    raise AssertionError("character without equivalent accepted")
except psycopg2.Error as error:
    assert error.pgcode == "22P05", str(error)
    assert error.diag.message_primary == (
        'character with byte sequence 0x81 in encoding "WIN1252" has no equivalent in '
        'encoding "UTF8"')
cur.execute("create table lines(a text)")
try:
    cur.copy_expert("copy lines from stdin", io.BytesIO(b"one\ntwo\n\x81\n"))
    raise AssertionError("character without equivalent accepted")
except psycopg2.Error as error:
    assert error.pgcode == "22P05" and error.diag.context == "COPY lines, line 3", str(error)
cur.execute("notify h, '\u20ac'")
cur.execute("drop table words, lines")

# The binary format has text in the client's encoding, too.
import psycopg

with psycopg.connect("client_encoding=LATIN1", autocommit=True) as latin:
    with latin.cursor(binary=True) as binary:
        binary.execute("select %b::text, %b::text || '\u00e9'",
                       ("caf\u00e9", "x"))
        assert binary.fetchone() == ("caf\u00e9", "x\u00e9")
db.close()
