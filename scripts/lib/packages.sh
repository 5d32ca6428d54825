# shellcheck shell=bash
# Server packages of Debian and Ubuntu, for root on a machine that lacks them.

can_install_packages() { [ "$(id -u)" -eq 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; }

# The packages would start the distribution's own services; this policy forbids it while we install.
forbid_service_start() {
    [ -e /usr/sbin/policy-rc.d ] && return 0
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

install_packages() (
    local output
    say "installing $* with apt-get, this takes a minute"
    forbid_service_start
    export DEBIAN_FRONTEND=noninteractive
    output="$(apt-get update -qq 2>&1 && apt-get install -y -qq --no-install-recommends "$@" 2>&1)" && return 0
    say "$output"
    return 1
)
