#!/usr/bin/env bash
# Installs libluma into a temporary prefix, builds the example outside the tree against it (CMake,
# shared and static; pkg-config), runs it in memory and twice on disk, and compares what it prints.
# Usage: test/embedded/run.sh [build directory]; luma_shared and luma_static must be built.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
build_dir=${1:-$source_dir/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; echo "failed: $*" >&2; exit 1; }; }
check() {
  "$@" >"$work/output"
  diff -u "$source_dir/tools/embedded_example/expected.txt" "$work/output"
}

# The documentation shows this very program.
python3 - "$source_dir" <<'PYTHON'
import pathlib, sys
root = pathlib.Path(sys.argv[1])
page = (root / "docs/embedded.md").read_text()
for name in ("main.cc", "expected.txt"):
    if (root / "tools/embedded_example" / name).read_text() not in page:
        sys.exit(f"docs/embedded.md does not contain tools/embedded_example/{name} as it is")
PYTHON

run cmake --install "$build_dir" --component libluma --prefix "$work/prefix"

# Only the interface may be visible.
foreign=$(nm -DC --defined-only "$work"/prefix/lib*/libluma.so | sed 's/^[0-9a-f]* . //' |
  grep -v -e '^luma::embedded::' -e '^typeinfo .*luma::embedded::' -e '^vtable for luma::embedded::' || true)
[ -z "$foreign" ] || { echo "libluma.so exports: $foreign" >&2; exit 1; }

cp -r "$source_dir/tools/embedded_example" "$work/example"
run cmake -G Ninja -S "$work/example" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix"
run cmake --build "$work/build"
check "$work/build/example"
check "$work/build/example_static"
check "$work/build/example" "$work/data"
check "$work/build/example_static" "$work/data"

pc_dir=$(dirname "$(find "$work/prefix" -name luma.pc)")
flags=$(PKG_CONFIG_PATH="$pc_dir" pkg-config --cflags --libs luma)
# shellcheck disable=SC2086
run g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "$work/example/main.cc" -o "$work/plain" $flags
LD_LIBRARY_PATH=$(echo "$work"/prefix/lib*) check "$work/plain"
echo "embedded: ok"
