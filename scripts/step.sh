#!/usr/bin/env bash
# Runs one step of the Makefile: says what it is, runs it, and says how long it took.
#   scripts/step.sh "what it is" command [argument…]
set -u
what=$1
shift
printf '==> %s\n' "$what"
started=$(date +%s)
"$@"
status=$?
took=$(($(date +%s) - started))
if [ "$status" -eq 0 ]; then
    printf '<== %s: done in %s s\n' "$what" "$took"
else
    printf '<== %s: FAILED after %s s (exit code %s)\n' "$what" "$took" "$status" >&2
fi
exit "$status"
