#!/bin/bash
# Go's lib/pq: built in a directory of its own, when Go and the module can be had.
command -v go >/dev/null || { echo "Go is not installed"; exit 77; }
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cp "$here/lib_pq_main.go.txt" "$work/main.go"
cd "$work" || exit 1
{ go mod init session && timeout 60 go get github.com/lib/pq@v1.12.3 &&
  go mod tidy && go build -o session .; } >build.log 2>&1 || {
  echo "lib/pq could not be built: $(tail -n 1 build.log)"
  exit 77
}
./session
