# shellcheck shell=bash
# The packages of the worker in JavaScript, which the acceptance tests play against. Needs: root (the checkout's folder).
: "${root:?}"
readonly javascript="$root/tests/acceptance/javascript"

have_node() { command -v node >/dev/null && command -v npm >/dev/null; }

node_packages_installed() {
    [ "$(cat "$javascript/node_modules/.installed" 2>/dev/null)" = "$(cksum <"$javascript/package-lock.json")" ]
}

ensure_node_packages() {
    node_packages_installed && return 0
    say "installing tests/acceptance/javascript/package-lock.json"
    (cd "$javascript" && npm ci --silent) || return 1
    cksum <"$javascript/package-lock.json" >"$javascript/node_modules/.installed"
}
