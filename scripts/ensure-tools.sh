#!/usr/bin/env bash
# Installs what the build and the tests need and the machine has not: a C compiler (SQLite is compiled
# from source), cargo-nextest, and Python packages in target/tools. A Rust toolchain must be there.
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
python=target/tools/python
wanted=tests/oracle/requirements.txt
if [ "${1:-}" = "--for-tests" ] && ! cmp -s "$wanted" "$python/installed.txt"; then
    if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "installing Python: apt-get install python3 python3-venv"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv
    fi
    echo "installing what the tests compare with into $python: pip install -r $wanted"
    rm -rf "$python"
    python3 -m venv "$python"
    "$python/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$python/installed.txt"
fi
