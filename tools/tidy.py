#!/usr/bin/env python3
"""Checks the tree against the project's conventions; every finding is one line, file:line: what.

  * clang-format clean; lines of at most 100 characters (scripts 120); files of at most 800 lines
    (.inc exempt)
  * functions of at most 150 lines (more than 70 is a warning)
  * an include must be covered by the DEPS of the folder's luma_library, which point only downward
  * headers of third-party libraries stay in the folders that adapt them
  * #pragma once in every header; no naked new or delete; no TODO, FIXME or XXX
  * no folder or file named utils, helpers, common or manager

Options: --fix lets clang-format rewrite what is not clean; --no-format skips it; --warnings shows
warnings too. The last line is "N passed, N failed", counted in files.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("engine", "sql", "pgwire", "server", "cluster", "ai", "triggers", "tools")
MAX_SCRIPT_LINE = 120
MAX_LINE, MAX_FILE, MAX_FUNCTION, WARN_FUNCTION = 100, 800, 150, 70

# Third-party header -> folders that may include it. What is not listed is open to all.
ADAPTERS = [
    (r"rocksdb/", ("engine/row",)),
    (r"(pg_query|postgres|nodes/|parser/|utils/|catalog/|mb/|common/)", ("sql/parse",)),
    (r"openssl/", ("pgwire", "sql/function", "server")),
    (r"asio(/|\.hpp)", ("server",)),
    (r"spdlog/", ("server",)),
    (r"CLI/", ("server",)),
    (r"toml\+\+/", ("server",)),
    (r"date/", ("engine/type", "sql/function")),
    (r"simdjson", ("engine/type",)),
    (r"nlohmann/", ("engine/type", "sql/parse", "sql/catalog", "sql/language")),
    (r"(pcre2|re2/)", ("sql/function",)),
    (r"liburing", ("engine/io", "engine/column")),
    (r"xsimd/", ("engine/kernel",)),
    (r"hnswlib/", ("ai",)),
    (r"libpq-fe\.h", ("server", "tools")),
]
# "Lock manager" is the field's own word for it.
BAD_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|(?<!lock_)manager|misc)(_|\.|$)")
OWNED_NEW = re.compile(r"(_ptr<.*>\s*\w*|\breset|Buffer)\s*[({]\s*new\b")
BANNED_WORDS = re.compile(r"\b(TODO|FIXME|XXX)\b")
NOT_A_FUNCTION = re.compile(
    r"^\s*(namespace|class|struct|union|enum|extern\s+\"C\"|typedef|using|if|for|while|switch|do|"
    r"else|case|default|try|catch|public|private|protected|#)\b")


class Findings:
    def __init__(self):
        self.errors, self.warnings = [], []

    def error(self, path, line, text):
        self.errors.append((path, line, text))

    def warning(self, path, line, text):
        self.warnings.append((path, line, text))


def tracked_files():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [f for f in listed.stdout.split("\n") if f and os.path.exists(f"{ROOT}/{f}")]
    found = []
    for directory, names, files in os.walk(ROOT):
        names[:] = [n for n in names if n not in ("build", ".git", "node_modules")]
        found += [os.path.relpath(os.path.join(directory, f), ROOT) for f in files]
    return found


def blank_comments_and_strings(text, keep_comments=False):
    """The same text with comments and literals blanked; line structure stays."""
    pattern = re.compile(
        r'R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/|'
        r'"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)

    def blank(match):
        if keep_comments and match[0].startswith("/"):
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])
    return pattern.sub(blank, text)


class Layers:
    """The library graph, as the CMakeLists.txt files declare it."""

    def __init__(self):
        self.order, self.folder_of, self.deps, self.where = [], {}, {}, {}
        self.walk("")

    def walk(self, folder):
        path = os.path.join(ROOT, folder, "CMakeLists.txt")
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"#[^\n]*", "", file.read())
        for match in re.finditer(r"luma_library\s*\(([^)]*)\)|"
                                 r"add_subdirectory\(\s*([\w/${}]+)\s*\)|"
                                 r"foreach\(\s*(\w+)\s+([^)]*)\)", text):
            if match[4]:
                for name in match[4].split():
                    self.walk(os.path.join(folder, name) if folder else name)
            elif match[2] and "$" not in match[2]:
                self.walk(os.path.join(folder, match[2]) if folder else match[2])
            elif match[1]:
                self.add(match[1].split(), folder, os.path.relpath(path, ROOT))

    def add(self, words, folder, where):
        current, values = None, collections.defaultdict(list)
        for word in words:
            if word in ("NAME", "DEPS", "EXTERNAL", "TEST_DEPS"):
                current = word
            else:
                values[current].append(word)
        name = values["NAME"][0]
        self.order.append(name)
        self.folder_of[folder] = name
        self.deps[name] = values["DEPS"]
        self.where[name] = where
        self.deps[name + "_test"] = values["DEPS"] + values["TEST_DEPS"] + [name]

    def owner_of(self, path):
        folder = os.path.dirname(path)
        while folder:
            if folder in self.folder_of:
                return self.folder_of[folder]
            folder = os.path.dirname(folder)
        return None

    def reachable(self, name):
        seen, todo = set(), [name]
        while todo:
            for dep in self.deps.get(todo.pop(), []):
                if dep not in seen:
                    seen.add(dep)
                    todo.append(dep)
        return seen

    def check_direction(self, findings):
        position = {name: i for i, name in enumerate(self.order)}
        for name in self.order:
            for dep in self.deps[name]:
                if dep not in position:
                    findings.error(self.where[name], 1, f"{name} depends on unknown {dep}")
                elif position[dep] >= position[name]:
                    findings.error(self.where[name], 1, f"{name} depends upward on {dep}")


def check_includes(path, text, layers, findings):
    own = layers.owner_of(path)
    allowed = None
    if own:
        name = own + "_test" if path.endswith("_test.cc") else own
        allowed = layers.reachable(name) | {own}
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        header = match[2]
        if match[1] == '"' and header.split("/")[0] in FOLDERS:
            theirs = layers.owner_of(header)
            if not os.path.exists(os.path.join(ROOT, header)):
                findings.error(path, number, f"includes {header}, which does not exist")
            elif allowed is not None and theirs and theirs not in allowed:
                findings.error(path, number, f"includes {header}: {theirs} is not in its DEPS")
            continue
        if match[1] == '"' and "/" not in header and os.path.exists(
                os.path.join(ROOT, os.path.dirname(path), header)):
            findings.error(path, number, f'includes "{header}" relative to its own folder')
            continue
        for pattern, folders in ADAPTERS:
            if re.match(pattern, header):
                if not any(path.startswith(f + "/") for f in folders):
                    findings.error(path, number,
                                   f"includes <{header}>, which belongs in {' or '.join(folders)}")
                break


def check_functions(path, code, findings):
    """Lengths of functions, by the layout clang-format gives them: the closing brace stands under
    the beginning of the signature."""
    lines = code.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i].rstrip()
        if not line.endswith("{") or re.search(r"\]\s*(\(|\{|mutable)|=\s*\{$", line):
            i += 1
            continue
        start = i
        while start > 0 and i - start < 12 and lines[start - 1].strip() and (
                lines[start].startswith("    ") or "(" not in "".join(lines[start:i + 1])) and \
                not lines[start - 1].rstrip().endswith((";", "{", "}")):
            start -= 1
        signature = " ".join(text.strip() for text in lines[start:i + 1])
        indent = len(lines[start]) - len(lines[start].lstrip())
        # Inside a function only classes would hold functions: those at column 2 of a class.
        if indent not in (0, 2) or "(" not in signature or NOT_A_FUNCTION.match(signature) or \
                re.match(r"(return|auto&?&? \w+ =|.*[^=!<>]= [^=].*\()", signature) or \
                "](" in signature:
            i += 1
            continue
        closing = " " * indent + "}"
        end = next((j for j in range(i + 1, len(lines)) if lines[j].rstrip() in
                    (closing, closing + ";")), None)
        if end is not None:
            length = end - start + 1
            name = re.search(r"([~\w:]+)\s*\(", signature)
            shown = name[1] if name else signature[:40]
            if length > MAX_FUNCTION and not path.endswith("_test.cc"):
                findings.error(path, start + 1,
                               f"{shown} has {length} lines (limit {MAX_FUNCTION})")
            elif length > WARN_FUNCTION:
                findings.warning(path, start + 1, f"{shown} has {length} lines")
            if indent == 0:
                i = end
        i += 1


def check_cpp(path, text, layers, findings):
    code = blank_comments_and_strings(text)
    without_strings = blank_comments_and_strings(text, keep_comments=True)
    lines = text.split("\n")
    if len(lines) - 1 > MAX_FILE:
        findings.error(path, MAX_FILE, f"has {len(lines) - 1} lines (limit {MAX_FILE})")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            findings.error(path, number, f"line of {len(line)} characters (limit {MAX_LINE})")
    for number, line in enumerate(without_strings.split("\n"), 1):
        word = BANNED_WORDS.search(line)
        if word:
            findings.error(path, number, f"{word[1]} in code")
    previous = ""
    for number, line in enumerate(code.split("\n"), 1):
        if path.endswith(".c"):
            break
        owned = OWNED_NEW.search(previous.rstrip() + line.strip())
        previous = line
        if re.search(r"(?<!operator )\bnew\s+[A-Za-z_:]", line) and not owned:
            findings.error(path, number, "naked new")
        if re.search(r"\bdelete\b(?!\s*[;,)])", line) and not re.search(
                r"=\s*delete|operator\s+delete", line):
            findings.error(path, number, "naked delete")
    if path.endswith(".h") and not re.search(r"#pragma once|#ifndef LUMA_\w+_H_", text):
        findings.error(path, 1, "no #pragma once")
    check_includes(path, text, layers, findings)
    check_functions(path, code, findings)


def check_other(path, text, findings):
    for number, line in enumerate(text.split("\n"), 1):
        # Recorders hold their inputs as data.
        if len(line) > MAX_SCRIPT_LINE and not path.startswith("tools/record_"):
            findings.error(path, number,
                           f"line of {len(line)} characters (limit {MAX_SCRIPT_LINE})")
        word = BANNED_WORDS.search(line)
        if word and path != "tools/tidy.py":
            findings.error(path, number, f"{word[1]} in code")


def check_format(paths, findings, fix):
    """clang-format over all files; what was clean before is remembered by its contents."""
    cache_path = os.path.join(ROOT, "build", "tidy_clean")
    try:
        with open(cache_path, encoding="utf-8") as file:
            clean = set(file.read().split())
    except OSError:
        clean = set()
    style = open(os.path.join(ROOT, ".clang-format"), "rb").read()
    digests = {}
    for path in paths:
        with open(os.path.join(ROOT, path), "rb") as file:
            digests[path] = hashlib.sha1(style + file.read()).hexdigest()
    todo = [p for p in paths if digests[p] not in clean]

    def run(path):
        if fix:
            subprocess.run(["clang-format", "-i", path], cwd=ROOT, check=False)
        result = subprocess.run(["clang-format", "--dry-run", "-Werror", path], cwd=ROOT,
                                capture_output=True, text=True, check=False)
        line = re.search(r":(\d+):\d+: error", result.stderr)
        return path, result.returncode == 0, int(line[1]) if line else 1

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, ok, line in pool.map(run, todo):
            if ok:
                clean.add(digests[path])
            else:
                findings.error(path, line, "is not clang-format clean")
    os.makedirs(os.path.dirname(cache_path), exist_ok=True)
    with open(cache_path, "w", encoding="utf-8") as file:
        file.write("\n".join(sorted(clean & set(digests.values()))) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-format", action="store_true")
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--warnings", action="store_true")
    args = parser.parse_args()
    findings, layers = Findings(), Layers()
    layers.check_direction(findings)
    files = tracked_files()
    cpp = [f for f in files if f.endswith((".cc", ".h", ".c")) and f.split("/")[0] in FOLDERS]
    scripts = [f for f in files if f.endswith((".py", ".sh", ".cmake"))
               or f in ("tools/test", "tools/run", "tools/slt", "tools/build",
                        "tools/install-packages")]
    for path in cpp + scripts:
        for part in path.split("/"):
            if BAD_NAMES.search(part):
                findings.error(path, 1, "is named after nothing (utils, helpers, common, manager)")
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        if path in cpp:
            check_cpp(path, text, layers, findings)
        else:
            check_other(path, text, findings)
    if not args.no_format:
        check_format(cpp, findings, args.fix)
    for path, line, text in sorted(findings.errors):
        print(f"{path}:{line}: {text}")
    if args.warnings:
        for path, line, text in sorted(findings.warnings):
            print(f"{path}:{line}: warning: {text}")
    failed = len({path for path, _, _ in findings.errors})
    print(f"{len(cpp) + len(scripts) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
