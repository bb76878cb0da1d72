#!/usr/bin/env bash
# Installs what the build and the tests need and the machine has not: a C compiler (SQLite is compiled
# from source) and cargo-nextest. A Rust toolchain must be there.
set -eu
if ! command -v cargo >/dev/null 2>&1; then
    echo "cargo is not installed. Install Rust 1.95 or later from https://rustup.rs, then try again." >&2
    exit 1
fi
if ! command -v cc >/dev/null 2>&1; then
    echo "installing a C compiler: apt-get install gcc libc6-dev"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev
fi
if [ "${1:-}" = "--for-tests" ] && ! cargo nextest --version >/dev/null 2>&1; then
    echo "installing cargo-nextest, the test runner: cargo install cargo-nextest --locked"
    cargo install --quiet --locked cargo-nextest
fi
