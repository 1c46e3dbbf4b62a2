#!/bin/sh
# Installs Debian/Ubuntu packages whose commands are missing; says what to type where it may not.
# A name that ends in "?" is only wished for: where it can't be had nothing is said.
set -eu

present() {
    case "$1" in
        bubblewrap) command -v bwrap ;;
        gcc) command -v cc ;;
        libc6-dev) ls /usr/lib/*/libc.a /usr/lib/libc.a 2>/dev/null | grep . ;;
        musl-tools) command -v musl-gcc ;;
        python3-venv) "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null && echo yes ;;
        nodejs) command -v node ;;
        *) command -v "$1" ;;
    esac >/dev/null
}

missing="" wished=""
for package in "$@"; do
    present "${package%\?}" && continue
    case "$package" in
        *\?) wished="$wished ${package%\?}" ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing$wished" ] || exit 0

install="apt-get install -y --no-install-recommends"
if ! command -v apt-get >/dev/null; then
    [ -n "$missing" ] || exit 0
    echo "Please install with your package manager:$missing$wished" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo="sudo"
else
    [ -n "$missing" ] || exit 0
    echo "Missing:$missing$wished. Please type this, then run make again:" >&2
    echo "    sudo apt-get update && sudo $install$missing$wished" >&2
    exit 1
fi
echo "Installing:$missing$wished"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
get() { { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive $install "$@"; } >"$log" 2>&1; }
# shellcheck disable=SC2086  # lists of words
get $missing $wished || [ -z "$missing" ] || get $missing || { tail -n 20 "$log" >&2; exit 1; }
