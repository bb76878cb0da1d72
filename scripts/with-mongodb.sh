#!/usr/bin/env bash
# Runs a command with a MongoDB server at hand, and ends the server afterwards, whatever happened.
#
#   scripts/with-mongodb.sh COMMAND [ARGUMENT…]
#
# MONGODB_URI          a server that runs already: it is used, and none is started. The suites make
#                      databases of their own on it and drop them.
# SANDGLASS_TEST_MONGOD  the program to start otherwise; default: SecantusDB in target/tools/python, as
#                      `make test` installs it.
#
# The command finds MONGODB_URI set, and SANDGLASS_TEST_MONGOD where there is a program: suites that
# break their server start servers of their own with it. The exit code is the command's; 69 where no
# server can be had (EX_UNAVAILABLE, sysexits(3)).
set -u

readonly UNAVAILABLE=69
readonly LONGEST_START_SECONDS=60
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
program=${SANDGLASS_TEST_MONGOD:-$repository/target/tools/python/bin/secantusd-py}
server=
folder=

say() { printf 'mongodb: %s\n' "$*" >&2; }

clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null
        # A server that does not end by itself within five seconds is ended.
        for _ in $(seq 50); do
            kill -0 "$server" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$server" 2>/dev/null
        wait "$server" 2>/dev/null
        server=
    fi
    [ -z "$folder" ] || rm -rf "$folder"
    folder=
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start() {
    local port deadline
    folder=$(mktemp -d) || exit "$UNAVAILABLE"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$program" --host 127.0.0.1 --port "$port" --storage-path "$folder/data" --enable-test-commands \
        --log-level WARNING >"$folder/log" 2>&1 </dev/null &
    server=$!
    deadline=$((SECONDS + LONGEST_START_SECONDS))
    until answers "$port"; do
        if ! kill -0 "$server" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            say "$program did not come up; it said:"
            cat "$folder/log" >&2
            exit "$UNAVAILABLE"
        fi
        sleep 0.1
    done
    say "$program answers on port $port"
    export MONGODB_URI="mongodb://127.0.0.1:$port/?directConnection=true"
}

if [ $# -eq 0 ]; then
    say 'name a command: scripts/with-mongodb.sh COMMAND [ARGUMENT…]'
    exit 64
fi
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ ! -x "$program" ] || export SANDGLASS_TEST_MONGOD=$program
if [ -n "${MONGODB_URI:-}" ]; then
    # Without user and password.
    say "the server of MONGODB_URI is used: ${MONGODB_URI##*@}"
elif [ -x "$program" ]; then
    start
else
    say "there is no MongoDB server to test with. Do one of these, then try again:
  make test-tools            installs SecantusDB into target/tools/python (needs the network)
  export MONGODB_URI=mongodb://HOST:27017/?replicaSet=rs0
                             uses a server of yours, which must be a member of a replica set"
    exit "$UNAVAILABLE"
fi
"$@"
