# shellcheck shell=bash
# How scripts speak: progress and errors on stderr, results on stdout.

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}
