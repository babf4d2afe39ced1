#!/usr/bin/env python3
"""export_text_search_files.py > sql/function/text_search_files.inc

Writes the stop word lists and the sample files that PostgreSQL 15 installs for text search as rows
of a table of LumaDB's."""
import pathlib
import sys

SOURCE = pathlib.Path("/usr/share/postgresql/15/tsearch_data")
SAMPLES = ["synonym_sample.syn", "thesaurus_sample.ths", "ispell_sample.affix",
           "ispell_sample.dict", "hunspell_sample.affix", "hunspell_sample_long.affix",
           "hunspell_sample_long.dict", "hunspell_sample_num.affix", "hunspell_sample_num.dict"]
# Compilers need not take longer literals.
CHUNK_BYTES = 8000

HEADER = """\
// Written by tools/export_text_search_files.py: stop words and sample files as PostgreSQL 15 installs
// them.
//
// Portions Copyright (c) 1996-2026, PostgreSQL Global Development Group
// Portions Copyright (c) 1994, The Regents of the University of California
//
// Permission to use, copy, modify, and distribute this software and its documentation for any
// purpose, without fee, and without a written agreement is hereby granted, provided that the above
// copyright notice and this paragraph and the following two paragraphs appear in all copies.
//
// IN NO EVENT SHALL THE UNIVERSITY OF CALIFORNIA BE LIABLE TO ANY PARTY FOR DIRECT, INDIRECT,
// SPECIAL, INCIDENTAL, OR CONSEQUENTIAL DAMAGES, INCLUDING LOST PROFITS, ARISING OUT OF THE USE OF
// THIS SOFTWARE AND ITS DOCUMENTATION, EVEN IF THE UNIVERSITY OF CALIFORNIA HAS BEEN ADVISED OF THE
// POSSIBILITY OF SUCH DAMAGE.
//
// THE UNIVERSITY OF CALIFORNIA SPECIFICALLY DISCLAIMS ANY WARRANTIES, INCLUDING, BUT NOT LIMITED TO,
// THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE. THE SOFTWARE
// PROVIDED HEREUNDER IS ON AN "AS IS" BASIS, AND THE UNIVERSITY OF CALIFORNIA HAS NO OBLIGATIONS TO
// PROVIDE MAINTENANCE, SUPPORT, UPDATES, ENHANCEMENTS, OR MODIFICATIONS.
"""


def literal(text):
    chunks, current = [], ""
    for line in text.splitlines(keepends=True):
        if len((current + line).encode()) > CHUNK_BYTES:
            chunks.append(current)
            current = ""
        current += line
    return "\n".join(f'R"file({chunk})file"' for chunk in chunks + [current])


def main():
    names = sorted(path.name for path in SOURCE.glob("*.stop")) + SAMPLES
    sys.stdout.write(HEADER)
    for name in names:
        sys.stdout.write(f'{{"{name}",\n{literal((SOURCE / name).read_text())}}},\n')


main()
