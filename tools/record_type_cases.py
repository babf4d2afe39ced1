#!/usr/bin/env python3
"""Records what PostgreSQL 15 answers to date/time, interval, number-template and json expressions.

Usage: tools/record_type_cases.py [psql options, e.g. -h /tmp -U postgres -d postgres]
Writes engine/type/testdata/{datetime,json}_cases.tsv: settings, operation, arguments..., "=>", result.
A result is "=text", "NULL" or "!sqlstate|message|detail|hint|context". engine/type/*_cases_test.cc
evaluates the same operations with LumaDB's functions.
"""
import subprocess
import sys

EVAL = """
create function pg_temp.eval(datestyle text, zone text, ivstyle text, expr text) returns text
language plpgsql as $$
declare r text; s text; m text; d text; h text; c text;
begin
  perform set_config('datestyle', datestyle, true), set_config('timezone', zone, true),
          set_config('intervalstyle', ivstyle, true);
  execute 'select (' || expr || ')::text' into r;
  return coalesce('=' || r, 'NULL');
exception when others then
  get stacked diagnostics s = returned_sqlstate, m = message_text, d = pg_exception_detail,
                          h = pg_exception_hint, c = pg_exception_context;
  c := (select string_agg(l, E'\\n') from regexp_split_to_table(c, E'\\n') l
        where l !~ '^(PL/pgSQL|SQL statement|unnamed portal)');
  return '!' || concat_ws('|', s, m, d, h, coalesce(c, ''));
end $$;
"""

# operation -> SQL; {0}, {1} are quoted literals
OPS = {
    "date": "{0}::date", "time": "{0}::time", "timetz": "{0}::timetz",
    "timestamp": "{0}::timestamp", "timestamptz": "{0}::timestamptz", "interval": "{0}::interval",
    "interval_hour": "{0}::interval hour", "interval_ym": "{0}::interval year to month",
    "interval_ds": "{0}::interval day to second(2)", "interval_ms": "{0}::interval minute to second",
    "interval_mul": "{0}::interval * {1}::float8", "interval_div": "{0}::interval / {1}::float8",
    "interval_cmp": "interval_cmp({0}, {1})",
    "justify_days": "justify_days({0})", "justify_hours": "justify_hours({0})",
    "justify_interval": "justify_interval({0})",
    "ts_add": "{0}::timestamp + {1}::interval", "tz_add": "{0}::timestamptz + {1}::interval",
    "ts_sub": "{0}::timestamp - {1}::timestamp", "age": "age({0}::timestamp, {1}::timestamp)",
    "time_add": "{0}::time + {1}::interval",
    "trunc": "date_trunc({0}, {1}::timestamp)", "trunc_tz": "date_trunc({0}, {1}::timestamptz)",
    "trunc_iv": "date_trunc({0}, {1}::interval)",
    "bin": "date_bin({0}, {1}::timestamp, {2}::timestamp)",
    "extract_date": "extract({0} from {1}::date)", "extract_ts": "extract({0} from {1}::timestamp)",
    "extract_tz": "extract({0} from {1}::timestamptz)", "extract_time": "extract({0} from {1}::time)",
    "extract_timetz": "extract({0} from {1}::timetz)", "extract_iv": "extract({0} from {1}::interval)",
    "part_ts": "date_part({0}, {1}::timestamp)", "part_iv": "date_part({0}, {1}::interval)",
    "ts_at": "{1}::timestamp at time zone {0}", "tz_at": "{1}::timestamptz at time zone {0}",
    "to_char_ts": "to_char({0}::timestamp, {1})", "to_char_tz": "to_char({0}::timestamptz, {1})",
    "to_char_iv": "to_char({0}::interval, {1})",
    "to_date": "to_date({0}, {1})", "to_timestamp": "to_timestamp({0}, {1})",
    "num_int": "to_char({0}::int4, {1})", "num_big": "to_char({0}::int8, {1})",
    "num_float": "to_char({0}::float8, {1})", "num_real": "to_char({0}::float4, {1})",
    "num": "to_char({0}::numeric, {1})", "to_number": "to_number({0}, {1})",
    "json": "{0}::json", "jsonb": "{0}::jsonb", "jsonb_cmp": "jsonb_cmp({0}, {1})",
    "j_field": "{0}::json -> {1}", "j_field_text": "{0}::json ->> {1}",
    "j_elem": "{0}::json -> {1}::int", "j_path": "{0}::json #> {1}::text[]",
    "j_typeof": "json_typeof({0})", "j_len": "json_array_length({0})", "j_strip": "json_strip_nulls({0})",
    "j_each": "(select string_agg(concat(key, '=', value), ';') from json_each({0}))",
    "j_elems": "(select string_agg(value::text, ';') from json_array_elements({0}))",
    "j_keys": "(select string_agg(k, ';') from json_object_keys({0}) k)",
    "b_field": "{0}::jsonb -> {1}", "b_field_text": "{0}::jsonb ->> {1}",
    "b_elem": "{0}::jsonb -> {1}::int", "b_path": "{0}::jsonb #> {1}::text[]",
    "b_typeof": "jsonb_typeof({0})", "b_len": "jsonb_array_length({0})", "b_strip": "jsonb_strip_nulls({0})",
    "b_each": "(select string_agg(concat(key, '=', value), ';') from jsonb_each({0}))",
    "b_elems": "(select string_agg(value::text, ';') from jsonb_array_elements({0}))",
    "b_keys": "(select string_agg(k, ';') from jsonb_object_keys({0}) k)",
    "b_contains": "{0}::jsonb @> {1}::jsonb", "b_exists": "{0}::jsonb ? {1}",
    "b_concat": "{0}::jsonb || {1}::jsonb", "b_delete": "{0}::jsonb - {1}::text",
    "b_delete_at": "{0}::jsonb - {1}::int", "b_delete_path": "{0}::jsonb #- {1}::text[]",
    "b_set": "jsonb_set({0}, {1}::text[], {2}, true)", "b_replace": "jsonb_set({0}, {1}::text[], {2}, false)",
    "b_insert": "jsonb_insert({0}, {1}::text[], {2}, false)",
    "b_insert_after": "jsonb_insert({0}, {1}::text[], {2}, true)", "b_pretty": "jsonb_pretty({0})",
}

DEFAULT = ("ISO, MDY", "America/New_York", "postgres")
cases = []


def add(op, *args, s=DEFAULT):
    cases.append((s, op, args))


def each(op, values, s=DEFAULT):
    for value in values:
        add(op, value, s=s)


STYLES = [("ISO, MDY", "America/New_York", "postgres"), ("SQL, DMY", "Europe/Berlin", "postgres_verbose"),
          ("Postgres, MDY", "Asia/Kolkata", "sql_standard"), ("German, YMD", "UTC", "iso_8601"),
          ("Postgres, DMY", "<+03>-03", "postgres"), ("SQL, MDY", "Australia/Lord_Howe", "postgres")]

DATES = """2024-01-05|Jan 5 2024|5 Jan 2024|January 5, 2024|20240105|240105|1/2/2024|13/2/2024|1/2/03|2024.5.6|1.2.2024
2024-Jan-05|Jan-05-2024|05-Jan-24|24-Jan-05|99-Jan-08|2024.360|2024 360|2024360|J2451187|j 2451187|julian 2451187|January 8, 99 BC
0044-03-15 BC|1 BC|0000-01-01|0001-01-01|4714-11-24 BC|4714-11-23 BC|4713-01-01 BC|5874897-12-31|5874898-01-01|99999-01-01
2024-02-29|2023-02-29|2024-13-01|2024-00-10|2024-04-31|32/1/2024|infinity|-infinity|epoch|now and then||  2024-1-5  |foo|2024-1|2024
2024-01-05 10:00|2024-01-05T10:00:00Z|Mon Jan 8 2024|Fri|08-Jan-1999|Jan-08-1999|19990108|990108|1999.008|1999-008|January 8|8 January 1999 AD
1999 Jan 08|Jan 08 1999|1999-08-Jan|08 Jan 99|99 08 Jan|99 Jan 08|01-08-1999|1999-01-08 BC|1-1-1-1|2024/01/05|2024-1-5 foo|allballs|2024-01-05 +05
999999999-01-01|12345678901234567890|2024-01-05 BC AD|sept 5 2024|2024-W01-1|y2024m01d05|on 2024-01-05|at 5 jan 2024|t10:00|2024-01-05 t""".replace("\n", "|").split("|")
TIMES = """10:00|10:00:00|10:00:00.123456|10:00:00.1234567|24:00|24:00:01|25:00|10:60|10:00:60|10:00:61|100000|1000|100000.5|10|10am|10:00 pm
12:00 am|12:00 pm|13:00 pm|00:00 pm|allballs|now-ish|10:00 EST|10:00+02|10:00-08:30|10:00 America/New_York|2024-07-01 10:00 America/New_York
10:00Z|t10:00|t 100000|10:00:00.5 PST|T10:00:00-0830|10:00:|10:00:00.|23:59:59.9999999|04:05 am|040506|040506-08|10:00 2024-07-01 EST5EDT|10:00 foo|10:00 utc+5
10:00:00+15:59|10:00:00+16:00|10:00:00+99|10.5|1:2:3|-10:00||infinity|j2451187 10:00|10:00 msk|10:00 est dst|2024-01-01|10:00 cet""".replace("\n", "|").split("|")
STAMPS = """2024-01-05 10:00:00|2024-01-05T10:00:00.123456Z|2024-07-05 10:00:00+02|2024-07-05 10:00:00 EDT|2024-01-05 10:00 PST|2024-03-10 02:30|2024-11-03 01:30
2024-11-03 01:30 EST|2024-11-03 01:30 EDT|2024-01-05 10:00:00.9999999|Fri Jan 05 10:00:00 2024|Fri Jan 05 10:00:00 2024 EST|Fri 05 Jan 10:00:00.5 2024 PST
05/01/2024 10:00:00 CET|05.01.2024 10:00:00|20240105T100000|20240105 100000|20240105T100000Z|2024-01-05 24:00:00|2024-01-05 23:59:60|294276-12-31 23:59:59.999999
294277-01-01|4714-11-24 00:00:00 BC|4714-11-23 23:59:59 BC|infinity|-infinity|epoch|2024-01-05 10:00 Europe/Moscow|2024-01-05 10:00 Foo/Bar|2024-01-05 10:00 foo
2024-01-05 10:00 MSK|2010-01-05 10:00 MSK|2024-01-05 10:00:00-08:00:30|2024-01-05 allballs|2024-01-05 10:00 am|2024-01-05 10:00 pm|2024-01-05 13:00 pm|J2451187.5
2024-01-05 zulu|2050-07-01 12:00 America/New_York|2050-07-01 12:00|2050-01-01 12:00|1883-11-18 12:00|1900-01-01 00:00|0001-01-01 00:00|2024-01-05 10:00 EST5EDT
2024-01-05 10:00 <+03>-03|2024-01-05 10:00+0530|2024-01-05 10:00 +5:30|2024-01-05 10|2024-01-05 10:00:00 BC|Jan 5 10:00 2024|10:00 Jan 5 2024|10:00:00 2024-01-05
2024-06-15 12:00 MST|2024-06-15 12:00 MDT|2024-06-15 12:00 IST|2024-06-15 12:00 MET DST|2024-06-15 12:00 dst|1/2/3 4:5:6|12/31/1999 11:59:59 PM|2024-01-01 00:00:00.0000005
2024-04-07 01:45|2024-10-06 02:15|2024-01-01T|2024-01-01 00:00:00.000001 BC|1992-07-01 00:00 LMT|2024-01-05 1000|2024-01-05 10:00:00,5|10000-01-01 00:00""".replace("\n", "|").split("|")
INTERVALS = """1 day|1 day 02:03:04|-1 day +02:03:04|1 year 2 mons|1-2|1-2 3 4:05:06|-1-2 +3 -4:05:06|@ 1 year 2 mons ago|1 ago|1.5 days|1.5 months|1.5 years|0.5 week
1 hour 30 min|90 min|1.5h|10:20|10:20:30|10:20.5|1:2:3.456|100:00|-100:00:00|P1Y2M3DT4H5M6S|P1.5Y|P0001-02-03T04:05:06|P00010203T040506|PT1.5S|P1W|P-1Y2M|PT|P|P1
P1Y2|PT10:20|PT102030|1 century 2 decades|1 millennium|3 weeks|5|-5|5.5|1 2|1 2:03|1 day 2|1 day day|day|1 foo|1 day ago ago|ago 1 day|1 sec 2 ms 3 us|1000000 us
1.0000005 s|-0.5 s|1 mon -1 day|-1 mon 1 day -1:00|0|00:00:00|1 quarter|2147483647 days|2147483648 days|178956970 years|178956971 years|9223372036854775807 us
2562047788:00:54.775807|2562047788:00:54.775808|99999999999 days|infinity|1 year 1 year|1 h 2 h|1y 2mon 3d 4h 5m 6s|3 d 4 m|@|1 day -|-1 1|-1-1|1-13|1 day 1 year
1e3 days|.5 days|1. day|12 hours 61:00|- 1 day|1 day 24:00:00|1:60|1:59:60|3 mils|3 msecs|3 decs|4 cent|1 microsecond|1 timezone|PT1H-30M|P1DT-12H|p1d| P1D""".replace("\n", "|").split("|")

STAMPS += ["2024-01-05 h", "2024-01-05 t", "2024-01-05 d d", "y y2024m01d05", "y 2024 m 1 d 5 h 10 mm 5 s 6.5", "2024-01-05 h 10 m 5",
           "2024-01-05 t t10:00", "2024-01-05 h10:00", "2024-01-05 dow 3", "j2451187 y", "2024-01-05 h t10:00", "2024-01-05 t100000-05"]
TIMES += ["h 10 m 5 s 3", "y 2024 m 1 d 5 10:00", "h 10", "10:00 y", "t t10:00", "h10:00", "10:00 t"]

for style in STYLES:
    each("date", DATES if style is STYLES[0] else DATES[:60:2] + DATES[60::3], s=style)
    each("timestamp", STAMPS[:: 1 if style is STYLES[0] else 3], s=style)
    each("timestamptz", STAMPS[:: 1 if style in STYLES[:2] or style is STYLES[5] else 2], s=style)
    each("interval", INTERVALS[:: 1 if style is STYLES[0] else 2] + ["1 year 2 mons 3 days 04:05:06.789",
         "-1 year -2 mons +3 days -04:05:06.7", "-00:00:01.5", "1 mon", "-3 days", "1 year -1 day", "-1 year"], s=style)
each("time", TIMES)
# a time of day without date takes today's offset: only zones without daylight saving can be recorded
each("timetz", [t for t in TIMES if t not in ("10:00 America/New_York",)], s=("ISO, MDY", "Asia/Kolkata", "postgres"))
for op in ("interval_hour", "interval_ym", "interval_ds", "interval_ms"):
    each(op, ["5", "1-2", "1 2:03", "2:03", "1 day 2:03:04.567", "1 year 2 mons 3 days 4:05:06.789", "1:2.345"])
for a, b in [("1 day", "1.5"), ("1 mon", "0.5"), ("1 year 1 mon 1 day 1:01:01", "-1.3"), ("1 day", "nan"),
             ("1 mon", "1e10"), ("3 days 10:00", "0.1"), ("1 mon 15 days", "0.33")]:
    add("interval_mul", a, b)
    add("interval_div", a, b)
add("interval_div", "1 day", "0")
for a, b in [("1 mon", "30 days"), ("1 day", "24:00"), ("1 year", "360 days"), ("-1 mon", "1 s"), ("1 mon", "31 days")]:
    add("interval_cmp", a, b)
for v in ["35 days", "-35 days", "1 mon -1 day", "-1 mon 40 days", "27:00", "-27:00:01", "1 day -25:00", "1 mon -1 hour",
          "-1 mon 1 hour", "1 year 400 days 500:00:00", "2147483647 mons 29 days 24:00:00"]:
    for op in ("justify_days", "justify_hours", "justify_interval"):
        add(op, v)
for t in ["2024-01-31", "2024-02-29 12:34:56.789", "2024-03-10 01:59:59", "2024-11-03 00:30", "infinity", "294276-12-31", "0001-01-01"]:
    for i in ["1 mon", "-1 mon", "1 year", "1 day", "24:00", "1 mon 1 day 1:00", "-13 mons -31 days", "10000 years"]:
        add("ts_add", t, i)
        add("tz_add", t, i)
PAIRS = [("2024-03-31", "2024-02-29"), ("2024-02-29", "2024-03-31"), ("2024-01-01 01:02:03.4", "2020-02-29 23:59:59.9"),
         ("2000-01-01", "2024-12-31 12:00"), ("2024-05-31", "2024-04-30"), ("2023-03-01", "2023-01-31"), ("2024-01-01", "2024-01-01"),
         ("0001-01-01 BC", "2024-01-01"), ("2023-01-31", "2023-03-01")]
for a, b in PAIRS:
    add("age", a, b)
    add("ts_sub", a, b)
add("ts_sub", "infinity", "2024-01-01")
for t in ["10:00", "23:59:59.999999", "00:00"]:
    for i in ["1:00", "-11:00", "25:30", "1 day", "-1 us"]:
        add("time_add", t, i)
UNITS = ["microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade",
         "century", "millennium", "epoch", "dow", "isodow", "doy", "isoyear", "julian", "timezone", "timezone_hour",
         "timezone_minute", "foo", "YEAR", "mon", "d", "us"]
MOMENTS = ["2024-01-05 10:11:12.345678", "2000-12-31 23:59:59", "2001-01-01 00:00", "0001-01-01 BC", "0044-03-15 BC 01:02:03",
           "infinity", "-infinity", "1969-12-31 23:59:59.5", "2024-12-30", "294276-12-31 23:59:59"]
for u in UNITS:
    for m in MOMENTS:
        add("extract_ts", u, m)
        add("extract_tz", u, m)
        add("part_ts", u, m)
        add("extract_date", u, m.replace(" 10:11:12.345678", ""))
        if u not in ("epoch",):
            add("trunc", u, m)
            add("trunc_tz", u, m)
    for t in ["10:11:12.345678", "24:00"]:
        add("extract_time", u, t)
        add("extract_timetz", u, t + "-03:30")
    for i in ["1 year 14 mons 40 days 30:11:12.345678", "-1 year -14 mons -40 days -30:11:12.345678", "2147483647 mons"]:
        add("extract_iv", u, i)
        add("part_iv", u, i)
        add("trunc_iv", u, i)
for s_, t, o in [("15 min", "2024-01-05 10:11:12", "2024-01-01"), ("7 days", "2023-12-05 10:11:12", "2024-01-01"),
                 ("1 mon", "2024-01-05", "2024-01-01"), ("0 s", "2024-01-05", "2024-01-01"), ("-1 s", "2024-01-05", "2024-01-01"),
                 ("1 h", "infinity", "2024-01-01"), ("1 h", "2024-01-01", "infinity"), ("1.5 s", "2024-01-05 00:00:01", "2024-01-05 00:00:00.25")]:
    add("bin", s_, t, o)
for z in ["UTC", "America/New_York", "EST", "PST8PDT", "MSK", "+02", "-05:30", "foo", "<+03>-03", "europe/berlin", "CET", "Asia/Kathmandu", "z", "EDT", "XYZ3", "nzdt"]:
    for t in ["2024-07-01 12:00", "2024-01-01 12:00", "1950-06-01 00:00", "2024-03-10 02:30", "infinity"]:
        add("ts_at", z, t)
        add("tz_at", z, t)
FORMATS = ["YYYY-MM-DD HH24:MI:SS", "DD Mon YYYY", "Day, DD Month YYYY", "FMDay, FMDD FMMonth YYYY", "DAY day Dy DY dy", "MONTH month MON mon",
           "HH:MI:SS AM", "HH12 p.m. A.M. pm", "Y,YYY YYY YY Y", "IYYY-IW-ID IDDD IY I", "CC Q WW W D J DDD", "RM rm FMRM", "SSSS SSSSS MS US",
           "FF1 FF2 FF3 FF4 FF5 FF6", "TZ tz TZH:TZM OF", "BC ad B.C. a.d.", "DDth DDTH FMDDth HH24th Jth", "\"text\" YYYY \\\"x\\\"", "FMYYYY FMMM FMHH24 FMMI FMSS",
           "TMMonth TMDay TMMon", "YYYYMMDDHH24MISSUS", "hello world", "yyyy-mm-dd\"T\"hh24:mi:ss.ms", "FXYYYY", "Month", "YYYYth Qth", "DDSP", "éYYYY", "YYYY\"\\\"q\"", ""]
for f in FORMATS:
    for m in ["2024-01-05 10:11:12.345678", "2023-12-31 00:00", "0044-03-15 15:02:03 BC", "12345-11-22 12:00", "infinity"]:
        add("to_char_ts", m, f)
        add("to_char_tz", m, f)
    for i in ["1 year 2 mons 3 days 04:05:06.789", "-1 year -2 mons -3 days -04:05:06.789", "100:00:00", "12 mons"]:
        add("to_char_iv", i, f)
READS = """2024-01-05|YYYY-MM-DD;05 Jan 2024|DD Mon YYYY;05 January 2024|DD Month YYYY;20240105|YYYYMMDD;240105|YYMMDD;99-1-1|YY-MM-DD;2024 5|YYYY DDD;2024-W05-3|IYYY-"W"IW-ID
2024-05-3|IYYY-IW-ID;2024 05|YYYY WW;2024-13-01|YYYY-MM-DD;2023-02-29|YYYY-MM-DD;foo|YYYY;2024-foo-01|YYYY-Mon-DD;12:30 PM|HH:MI AM;13:30 PM|HH:MI AM;2024-01-05 10:11:12.5|YYYY-MM-DD HH24:MI:SS.MS
2024-01-05 10:11:12.123456|YYYY-MM-DD HH24:MI:SS.US;2024-01-05 10:11:12.12|YYYY-MM-DD HH24:MI:SS.FF2;2024/01/05|YYYY-MM-DD;2024  01  05|YYYY MM DD;20240105|FXYYYYMMDD;2024 01 05|FXYYYY-MM-DD;2024-1-5|FXYYYY-MM-DD
2460315|J;12/05/21|DD/MM/YY;1 BC|YYYY BC;0044 B.C.|YYYY B.C.;2024-01-05 10:00 +02|YYYY-MM-DD HH24:MI TZH;2024-01-05 10:00 -03:30|YYYY-MM-DD HH24:MI TZH:TZM;2024-01-05 EST|YYYY-MM-DD TZ;IV 2024|RM YYYY;21 05|CC YY;20|CC
1,999|Y,YYY;2024 2|YYYY Q;2024 3 2|YYYY MM W;86399|SSSS;2024-01-05 25:00|YYYY-MM-DD HH24:MI;2024-01-05 10:60|YYYY-MM-DD HH24:MI;1st Jan 2024|DDth Mon YYYY;Friday 5 Jan 2024|Day DD Mon YYYY
2024 2025|YYYY YYYY;2024 05 2024|YYYY IW IYYY;5|DDD;20241|YYYYMM;abc|MM;|YYYY;2024-01-05||;99999999999|YYYY;2024|YYYY-MM-DD;2024-06|YYYY-MM;10000-01-01|YYYY-MM-DD;300000-01-01|YYYY-MM-DD;6000000-01-01|YYYY-MM-DD;-44-02-01|YYYY-MM-DD
2011-12-18 11:38 -05|YYYY-MM-DD HH12:MI TZH;  2024-01-05|YYYY-MM-DD;2024-01-05  |YYYY-MM-DD;text 2024|"text" YYYY;2024x01|YYYY"x"MM;x2024|YYYY;97|Y;345|YYY;520|YYY;0|YY;JANUARY 2024|Month YYYY;jan 2024|MON YYYY;2024 366|YYYY DDD;2023 366|YYYY DDD""".replace("\n", ";").split(";")
for r in READS:
    text, fmt = r.split("|")[:2]
    add("to_date", text, fmt)
    add("to_timestamp", text, fmt)
NUM_FORMATS = ["999", "9999.99", "0999.90", "FM999.99", "FM0999.009", "9,999,999.99", "9G999D99", "S999", "999S", "MI999", "999MI", "PL999", "SG999", "999PR", "FM999PR",
               "RN", "FMRN", "rn", "9.99EEEE", "999th", "999TH", "99V99", "L999", "B999", ".99", "9.9", "FM9.9", "0", "9", "000", "S0009.90", "FM9,999", "\"n=\"999", "999.", "FM999.", "99 99", "9999D0000", "FM999999999.99999999", "999,", "00,000", "SG9,999.9S", "9.9.9", "S9S", "9PR9", "EEEE9", "FM999MI", "FMS999.9", "9 MI", "SFM999", "999D99S", "5", "", "FMPL99", "V9.9"]
for f in NUM_FORMATS:
    for v in ["0", "1", "-1", "12", "-12.5", "0.1", "-0.45", "485", "1234.567", "-99999.99", "0.5", "1000000", "3999"]:
        add("num", v, f)
        add("num_float", v, f)
        if "." not in v:
            add("num_int", v, f)
            add("num_big", v, f)
    add("num", "NaN", f)
    add("num_float", "NaN", f)
    add("num_float", "Infinity", f)
    add("num_float", "1e20", f)
    add("num_float", "12345678901234.567", f)
    add("num", "12345678901.567", f)
    add("num", "0.000123", f)
    add("num_real", "1234.567", f)
    add("num_real", "-0.1", f)
for t, f in [("1234", "9999"), ("1,234.5", "9,999.9"), ("-12", "S99"), ("12-", "99S"), ("<12>", "99PR"), ("$12.5", "L99.9"), ("12.5", "99V9"), ("abc", "999"), ("1 2", "9 9"),
             ("  12", "99"), ("12abc", "99"), ("+5", "9"), ("-5", "9"), ("1e5", "9EEEE"), ("IV", "RN"), ("12.345", "99.99"), ("123", "99"), ("1st", "9th"), ("", "9"), ("1,234", "9G999"), ("-1,234.56", "9,999.99"), ("12.5-", "99.9MI"), ("5.01-", "FM9.999999MI"), (".5", "9.9"), ("-.5", "S9.9"), ("0012", "0000"), ("1234", ""), ("12 34", "99\"x\"99"), ("1.5.", "9.9."), ("- 5", "S9"), ("5 -", "9S")]:
    add("to_number", t, f)
datetime_cases, cases = cases, []

JSONS = r'''{"a": 1}~[1, 2, 3]~"x"~1~null~true~  {"b":1,"a":2,"aa":3,"a":5} ~[1.50, 1e3, 1E-2, -0, -0.0]~{}~[]~[[]]~[{}]~{"a":{"b":[1,{"c":null}]}}~"\u00e9\ud83d\ude00"~"\u0001\b\f\n\r\t\"\\\/"~["a","b","a"]
{"a":1~{"a" 1}~{"a":}~{a:1}~~[1,2~[1 2]~[1,]~[,1]~{"a":1,}~{"a":1,2}~{1:2}~1 2~"abc~"ab\qc"~"ab\u12"~"\ud800x"~"\ud800"~"\udc00"~"\ud83d\ud83d"~"\u0000"~01~1e~1.~-~-x~nul~trueabc~12abc~+1~{"a":1}}~]~{,}~é~"é~"\~1e400~.5~'a'~{"a":1 "b":2}~[1}~{"a"]~"\é"~"\u00e"~tru
{"x":12abc, "long text following the error that is quite long and more than enough for context":1}~{"long text following the error that is quite long and more than enough for context  lots of text before":1 2}~{"ééééééééééééééééééééééééééééééééééééééééééééééé":1 2}~1e-5~123456789012345678901234567890.12~0.00000~1.0e+2~nan'''.replace("\n", "~").split("~")
JSONS += ['{"x":1,\n"y":tru,\n "z":1}', '"a\tb"', '[1,\n\n2 3]', '\n\n', '{"a":\r\n x}']
each("json", JSONS)
each("jsonb", JSONS)
DOCS = ['{"a": 1, "b": [1, "x", null, {"c": 2}], "n": null, "s": "te\\u0078t", "o": {"k": {"z": 1}}, "a": 7}', '[1, "two", null, [3, 4], {"a": "b"}]',
        '"scalar"', '5', 'null', '{}', '[]', '  [ 1 , 2 ]  ', '{"a":null,"b":[null,{"c":null}]}']
PATHS = ['{}', '{a}', '{b,3,c}', '{b,-1}', '{b,9}', '{n}', '{s}', '{o,k,z}', '{0}', '{-1}', '{3,1}', '{x,y}', '{b,x}', '{4,a}', '{-9}', '{b, 0}', '{o,new}', '{99}', '{NULL}', '{a,b}']
for p in "jb":
    for d in DOCS:
        for k in ["a", "b", "n", "s", "o", "zz", ""]:
            add(p + "_field", d, k)
            add(p + "_field_text", d, k)
        for i in ["0", "1", "-1", "3", "10", "-10"]:
            add(p + "_elem", d, i)
        for path in PATHS:
            if "NULL" not in path:
                add(p + "_path", d, path)
        for op in ("typeof", "len", "strip", "each", "elems", "keys"):
            add(p + "_" + op, d)
for d in DOCS:
    add("b_pretty", d)
    for k in ["a", "b", "x", "scalar", "two"]:
        add("b_exists", d, k)
        add("b_delete", d, k)
    for i in ["0", "-1", "9", "-9"]:
        add("b_delete_at", d, i)
    for path in PATHS:
        add("b_delete_path", d, path)
        for v in ['"new"', '{"q": [1]}', "null"]:
            add("b_set", d, path, v)
            add("b_insert", d, path, v)
        add("b_replace", d, path, "9")
        add("b_insert_after", d, path, "9")
    for e in DOCS:
        add("b_concat", d, e)
        add("b_contains", d, e)
        add("jsonb_cmp", d, e)
        add("jsonb_cmp", "[" + d + "]", "[" + e + "]")
for a, b in [('{"a":{"b":1,"c":2},"d":3}', '{"a":{"b":1}}'), ('[1,[2,3],"x"]', '[[2]]'), ('[1,2]', '1'), ('1', '[1]'), ('[1,1.0]', '[1.00]'),
             ('{"a":[1,2]}', '{"a":[2]}'), ('{"a":[1,2]}', '{"a":2}'), ('["a"]', '"a"'), ('"a"', '"a"'), ('[[1,2]]', '[[2,1]]'), ('[{"a":1,"b":2}]', '[{"a":1}]'), ('[]', '[]'), ('{}', '{}'), ('{}', '[]')]:
    add("b_contains", a, b)
for a, b in [("true", "false"), ("1", "1.0"), ('"a"', '"b"'), ('"a"', "1"), ("[]", "null"), ("[1]", "1"), ("[1,2]", "[3]"), ('{"a":1}', '{"b":0}'), ('{"a":1,"b":1}', '{"c":1}'), ("{}", "[1,2,3]"), ('{"aa":1}', '{"b":1}'), ("[[]]", "[null]"), ("null", '"a"')]:
    add("jsonb_cmp", a, b)


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


WHOLE = {"date", "time", "timetz", "timestamp", "timestamptz", "interval", "json", "jsonb", "to_number"}
KEPT_PER_OPERATION = 150


def thin(rows):
    """Keeps an even sample of each operation, and all texts that input functions read."""
    by_op = {}
    for row in rows:
        by_op.setdefault(row[1], []).append(row)
    kept = []
    for op, group in by_op.items():
        step = 1 if op in WHOLE else max(1, len(group) / KEPT_PER_OPERATION)
        kept += [group[int(i * step)] for i in range(int(len(group) / step))]
    return kept


def record(rows, path):
    script = [EVAL]
    for settings, op, args in rows:
        expr = OPS[op].format(*[quote(a) for a in args])
        script.append("select pg_temp.eval(%s, %s);" % (", ".join(quote(s) for s in settings), quote(expr)))
    run = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-0", "-v", "ON_ERROR_STOP=1"] + sys.argv[1:],
                         input="\n".join(script), capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    results = run.stdout.split("\0")[:-1]
    assert len(results) == len(rows), (len(results), len(rows))
    seen = set()
    with open(path, "w") as out:
        for (settings, op, args), result in zip(rows, results):
            line = "\t".join([";".join(settings), op] + [escape(a) for a in args] + ["=>", escape(result)])
            if line not in seen:
                seen.add(line)
                out.write(line + "\n")


if __name__ == "__main__":
    record(thin(datetime_cases), "engine/type/testdata/datetime_cases.tsv")
    record(thin(cases), "engine/type/testdata/json_cases.tsv")
