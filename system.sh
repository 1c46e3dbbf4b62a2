#!/bin/sh
# Installs Debian/Ubuntu packages whose commands are missing; says what to type where it may not.
set -eu

present() {
    case "$1" in
        bubblewrap) command -v bwrap ;;
        gcc) command -v cc ;;
        libc6-dev) ls /usr/lib/*/libc.a /usr/lib/libc.a 2>/dev/null | grep . ;;
        python3-venv) "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null && echo yes ;;
        nodejs) command -v node ;;
        *) command -v "$1" ;;
    esac >/dev/null
}

missing=""
for package in "$@"; do
    present "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "Please install with your package manager:$missing" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo="sudo"
else
    echo "Missing:$missing. Please type this, then run make again:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 1
fi
echo "Installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
fi
