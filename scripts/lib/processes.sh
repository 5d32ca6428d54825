# shellcheck shell=bash
# Processes that we started earlier, known by a pid and by a word of their command line:
# after a reboot the pid alone may belong to someone else.

process_is() { # pid word
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 1
    local line
    if [ -r "/proc/$1/cmdline" ]; then
        line="$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null)"
    else
        line="$(ps -p "$1" -o args= 2>/dev/null)"
    fi
    [[ "$line" == *"$2"* ]]
}

stop_process() { # pid word: ask, wait half a minute, then force
    process_is "$1" "$2" || return 0
    kill -TERM "$1" 2>/dev/null || true
    local deadline=$((SECONDS + 30))
    while process_is "$1" "$2"; do
        [ "$SECONDS" -lt "$deadline" ] || kill -KILL "$1" 2>/dev/null || true
        sleep 0.1
    done
}
