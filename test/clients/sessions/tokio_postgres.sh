#!/bin/bash
# Rust's tokio-postgres, when cargo and the crates can be had. What was built is kept for the next run.
command -v cargo >/dev/null || { echo "cargo is not installed"; exit 77; }
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cp "$here/tokio_postgres_main.rs.txt" "$work/src/main.rs"
cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "session"
version = "0.1.0"
edition = "2021"
[profile.dev]
debug = false
[dependencies]
tokio-postgres = "0.7"
tokio = { version = "1", features = ["rt", "sync", "time", "net", "macros"] }
futures-util = { version = "0.3", default-features = false, features = ["sink"] }
TOML
export CARGO_TARGET_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/lumadb-tests/tokio_postgres"
timeout 90 cargo build -q --manifest-path "$work/Cargo.toml" 2>"$work/build.log" || {
  echo "tokio-postgres could not be built: $(tail -n 1 "$work/build.log")"
  exit 77
}
"$CARGO_TARGET_DIR/debug/session"
