# shellcheck shell=bash
# The checkout's .venv with pinned requirements. Needs: root (the checkout's folder); sets: python.
: "${root:?}"
readonly venv="$root/.venv"
readonly python="$venv/bin/python"

# The version we test with comes first. Each candidate is run: a version manager's stand-in may exist for a version that does not.
find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        command -v "$candidate" && return 0
    done
    return 1
}

# A requirement file and those it includes.
requirement_files() {
    local included
    echo "$1"
    sed -n 's/^-r  *//p' "$root/$1" | while read -r included; do requirement_files "$included"; done
}

# The folder is part of it: a virtual environment does not survive being moved.
requirements_stamp() {
    local file
    { echo "$root" && requirement_files "$1" | sort -u | while read -r file; do cat "$root/$file"; done; } | cksum
}

# Where it is noted that a requirement file is installed; some lie in folders.
mark_of() { echo "$venv/.installed-${1//\//-}"; }

installed() { [ -x "$python" ] && [ "$(cat "$(mark_of "$1")" 2>/dev/null)" = "$(requirements_stamp "$1")" ]; }

create_venv() {
    local interpreter
    [ -x "$python" ] && "$python" -c 'import sys; sys.exit(sys.prefix != sys.argv[1])' "$venv" 2>/dev/null && return 0
    interpreter="$(find_python)" || die "missing on this machine: Python 3.11 or later"
    "$interpreter" -c 'import ensurepip, venv' 2>/dev/null ||
        die "missing on this machine: Python's venv module (on Debian and Ubuntu the package python3-venv)"
    say "creating .venv with $interpreter"
    "$interpreter" -m venv --clear "$venv" || die "cannot create $venv with $interpreter"
}

install_requirements() { # requirement file
    local file
    create_venv
    say "installing $1"
    "$python" -m pip install -qq --disable-pip-version-check --no-input --no-compile -r "$root/$1" >&2 ||
        die "cannot install $1: is a package registry reachable?"
    # By all processors, where pip uses one. Packages have templates that are no Python: those stay as they are.
    "$python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
    requirement_files "$1" | sort -u | while read -r file; do
        requirements_stamp "$file" >"$(mark_of "$file")"
    done
}

ensure_venv() { # requirement file...: installs what is not there yet
    local file
    for file in "$@"; do
        installed "$file" || (install_locked "$file")
    done
}

# Two scripts started together in a fresh clone: the second one waits, then finds everything there.
install_locked() {
    exec 8<"$root"
    ! command -v flock >/dev/null || flock 8
    installed "$1" || install_requirements "$1"
}
