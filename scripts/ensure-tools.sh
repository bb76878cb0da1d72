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
[ "${1:-}" = "--for-tests" ] || exit 0

python=target/tools/python
# What the suites compare with, which they cannot do without; and the MongoDB server. Where MONGODB_URI
# names another, the suites of the registry use that; the black-box suites and `sandglass-bench failover`
# start servers of their own all the same.
oracle=tests/oracle/requirements.txt
mongodb=tests/mongodb/requirements.txt
schemathesis=tests/schemathesis/requirements.txt

is_installed() { cmp -s "$1" "$python/$2"; }

# install REQUIREMENTS MARK: the mark is a copy of the requirements, written last.
install() {
    echo "installing into $python: pip install -r $1"
    "$python/bin/python" -m pip install --quiet --disable-pip-version-check -r "$1" && cp "$1" "$python/$2"
}

if ! is_installed "$oracle" installed.txt; then
    if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "installing Python: apt-get install python3 python3-venv"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv
    fi
    rm -rf "$python"
    python3 -m venv "$python"
    install "$oracle" installed.txt
fi
if ! is_installed "$schemathesis" schemathesis.txt; then
    install "$schemathesis" schemathesis.txt
fi
if ! is_installed "$mongodb" mongodb.txt; then
    install "$mongodb" mongodb.txt ||
        echo "the MongoDB server for tests could not be installed; the suites that need one will say what to do" >&2
fi
