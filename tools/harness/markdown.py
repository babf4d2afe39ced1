"""Replaces one generated part of a Markdown page, found between two HTML comments."""

import os


def write_block(path, name, text):
    """Puts `text` where the block `name` is, or at the end of the page."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    old = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            old = file.read()
    block = f"{begin}\n{text}\n{end}"
    if begin in old:
        head, rest = old.split(begin, 1)
        new = head + block + rest.split(end, 1)[1]
    else:
        new = (old or "# Performance\n") + "\n" + block + "\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(new)
