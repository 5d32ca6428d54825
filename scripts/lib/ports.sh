# shellcheck shell=bash
# Free ports on the loopback interface.

# Below the range that Linux hands out to outgoing connections, so that a port which is free now
# is not taken by a client between this check and the start of the server.
readonly FIRST_PORT=20000 PORT_COUNT=12000

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_ports() { # count: prints the first of that many free ports in a row
    local first port
    while :; do
        first=$((FIRST_PORT + (RANDOM * 32768 + RANDOM) % PORT_COUNT))
        for ((port = first; port < first + $1; port++)); do
            port_answers "$port" && continue 2
        done
        echo "$first"
        return 0
    done
}

wait_for_port() { # port seconds pid
    local deadline=$((SECONDS + $2))
    until port_answers "$1"; do
        [ "$SECONDS" -lt "$deadline" ] && kill -0 "$3" 2>/dev/null || return 1
        sleep 0.2
    done
}
