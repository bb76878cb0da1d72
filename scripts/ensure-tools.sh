#!/usr/bin/env bash
# Installs what the build, the tests and the comparison with Agenda need and the machine has not: a C
# compiler (SQLite is compiled from source), cargo-nextest, Python packages in target/tools, and Node.js
# with Agenda. A Rust toolchain must be there.
set -eu
if ! command -v cargo >/dev/null 2>&1; then
    echo "cargo is not installed. Install Rust 1.95 or later from https://rustup.rs, then try again." >&2
    exit 1
fi
if ! command -v cc >/dev/null 2>&1; then
    echo "installing a C compiler: apt-get install gcc libc6-dev"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev
fi
agenda=target/tools/agenda
if [ "${1:-}" = "--for-versus" ]; then
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
        echo "installing Node.js: apt-get install nodejs npm"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm
    fi
    mkdir -p "$agenda"
    cp bench/agenda/*.mjs "$agenda"
    if ! cmp -s bench/agenda/package-lock.json "$agenda/installed.json"; then
        echo "installing Agenda, which the benchmark compares with, into $agenda: npm ci"
        cp bench/agenda/package.json bench/agenda/package-lock.json "$agenda"
        (cd "$agenda" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund)
        cp bench/agenda/package-lock.json "$agenda/installed.json"
    fi
    exit 0
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
