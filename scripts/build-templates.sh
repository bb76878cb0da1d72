#!/usr/bin/env bash
# Builds the built-in templates: every crate of templates-wasm/ becomes a component.
#
#   scripts/build-templates.sh [OUT_DIR [SOURCE_ROOT]]
#
# OUT_DIR      where <template_id>.wasm files go; default: target/templates of this repository.
# SOURCE_ROOT  the checkout to build, of which Cargo.toml, wit/, query/, guest-sdk/ and templates-wasm/
#              are needed; default: this repository. The same sources give the same bytes from any
#              root, with one toolchain.
#
# SANDGLASS_WASM_TOOLCHAIN=installed|rustup|debian forces one way to a compiler with a wasm `std`;
# without it the first of them that works is taken:
#   installed  the current rustc has the target already
#   rustup     `rustup target add` (needs the network)
#   debian     rustc-web, cargo-web, rust-web-src and lld-22; `std` is built from source (needs root
#              where they are not installed)
# What is up to date is neither built nor written again.
set -euo pipefail

readonly TARGET=wasm32-unknown-unknown
readonly DEBIAN_PACKAGES=(rustc-web cargo-web rust-web-src lld-22)

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
mkdir -p "${1:-$repository/target/templates}"
out_dir=$(cd "${1:-$repository/target/templates}" && pwd -P)
source_root=$(cd "${2:-$repository}" && pwd -P)
wanted=${SANDGLASS_WASM_TOOLCHAIN:-}

say() { printf 'templates: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Each way sets `cargo` and `rustc`, and `build_arguments`, or fails.
build_arguments=()

has_wasm_std() {
    local libraries
    libraries=$("$rustc" --print target-libdir --target "$TARGET" 2>/dev/null) || return 1
    compgen -G "$libraries/libstd-*.rlib" >/dev/null
}

use_installed() {
    rustc=$(command -v "${RUSTC:-rustc}") && cargo=$(command -v "${CARGO:-cargo}") && has_wasm_std
}

use_rustup() {
    command -v rustup >/dev/null || return 1
    say "adding the target $TARGET with rustup"
    rustup target add "$TARGET" >&2 || return 1
    rustc=$(rustup which rustc) && cargo=$(rustup which cargo) && has_wasm_std
}

use_debian() {
    if ! dpkg -s "${DEBIAN_PACKAGES[@]}" >/dev/null 2>&1; then
        command -v apt-get >/dev/null || return 1
        say "installing ${DEBIAN_PACKAGES[*]} with apt-get"
        as_root apt-get update -qq >&2 || return 1
        as_root apt-get install -y -qq --no-install-recommends "${DEBIAN_PACKAGES[@]}" >&2 || return 1
    fi
    # Named in full: a rustup may stand before them in PATH.
    rustc=/usr/bin/rustc
    cargo=/usr/bin/cargo
    build_arguments=(-Z build-std=std,panic_abort)
    # Debian's cargo is a stable one; only this lets it build `std`.
    export RUSTC_BOOTSTRAP=1
    # Debian has no rust-lld.
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=/usr/bin/wasm-ld-22
    [ -x "$rustc" ] && [ -x "$cargo" ] && [ -f "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ]
}

choose_toolchain() {
    local way
    case "$wanted" in
        "") set -- installed rustup debian ;;
        installed | rustup | debian) set -- "$wanted" ;;
        *) fail "SANDGLASS_WASM_TOOLCHAIN is \"$wanted\"; use installed, rustup or debian" ;;
    esac
    for way in "$@"; do
        if "use_$way"; then
            say "compiling with $("$rustc" --version) (way: $way)"
            return
        fi
        say "the way \"$way\" does not work here"
    done
    fail "no Rust compiler with a wasm std. Type one of these, then try again:
  rustup target add $TARGET
  sudo apt-get install ${DEBIAN_PACKAGES[*]}"
}

# Paths that reach the output (panic messages), by names that are the same everywhere.
rust_flags() {
    local sysroot cargo_home rust_sources
    sysroot=$("$rustc" --print sysroot)
    cargo_home=$(cd "${CARGO_HOME:-$HOME/.cargo}" && pwd -P)
    rust_sources=$(readlink -f "$sysroot/lib/rustlib/src/rust" || true)
    local flags=(
        "--remap-path-prefix=$cargo_home=/cargo"
        "--remap-path-prefix=$source_root=/sandglass"
        "--remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rust"
    )
    [ -z "$rust_sources" ] || flags+=("--remap-path-prefix=$rust_sources=/rust")
    local IFS=$'\x1f'
    printf '%s' "${flags[*]}"
}

build_componentize() {
    # The whole workspace, so that what it shares with the service is compiled with the same features.
    (cd "$repository" && cargo build --quiet --release --locked --workspace --bin sandglass-componentize >&2)
    componentize=$(cd "$repository" && cd "${CARGO_TARGET_DIR:-target}" && pwd -P)/release/sandglass-componentize
}

build_modules() {
    # Settings of the environment and of cargo's own configuration must not change the output.
    unset RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER
    export CARGO_ENCODED_RUSTFLAGS RUSTC=$rustc CARGO_INCREMENTAL=0
    CARGO_ENCODED_RUSTFLAGS=$(rust_flags)
    (cd "$source_root/templates-wasm" && "$cargo" build --release --lib --workspace \
        --target "$TARGET" --target-dir "$target_dir" "${build_arguments[@]}" >&2)
}

make_component() {
    local manifest=$1 crate id module
    crate=$(basename "$(dirname "$manifest")")
    id=${crate//-/_}
    module=$target_dir/$TARGET/release/$id.wasm
    [ -f "$module" ] || fail "the crate $crate gave no module $module"
    "$componentize" "$module" "$out_dir/$id.wasm"
    printf '%s  %7d  %s\n' "$(sha256sum <"$out_dir/$id.wasm" | cut -c1-64)" \
        "$(stat -c %s "$out_dir/$id.wasm")" "$id.wasm"
}

target_dir=$source_root/templates-wasm/target
build_componentize
choose_toolchain
build_modules
for manifest in "$source_root"/templates-wasm/*/Cargo.toml; do
    [ "$(basename "$(dirname "$manifest")")" = sdk ] || make_component "$manifest"
done
