#!/usr/bin/env bash
# Checks licences, sources and duplicate versions with cargo-deny, and known vulnerabilities where the
# advisory database can be fetched. Says what it could not check.
set -u
if ! cargo deny --version >/dev/null 2>&1; then
    echo "cargo-deny is not installed (cargo install cargo-deny --locked); licences and sources are checked by tests/tests/invariants.rs all the same"
    exit 0
fi
cargo deny --all-features check bans licenses sources || exit 1
if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --all-features check advisories
else
    echo "the advisory database cannot be fetched from here: known vulnerabilities were not checked"
fi
