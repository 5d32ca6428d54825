# shellcheck shell=bash
# A private RabbitMQ node. Needs: state (folder) now; RMQ_PORT, RMQ_DIST_PORT, RMQ_EPMD_PORT, RMQ_NODE
# and PASSWORD when called.
: "${state:?}"

readonly VHOST=regards.multitenant.manager

# Not the wrappers in /usr/sbin: those insist on the distribution's account and folders.
rmq_find() { # prints the folder of RabbitMQ's own programs
    local program
    for program in /usr/lib/rabbitmq/bin/rabbitmq-server /usr/local/sbin/rabbitmq-server \
        /opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server "$(command -v rabbitmq-server)"; do
        [ -x "$program" ] && dirname "$program" && return 0
    done
    return 1
}

rmq_find_epmd() {
    command -v epmd && return 0
    local program
    for program in /usr/lib/erlang/erts-*/bin/epmd /usr/local/lib/erlang/erts-*/bin/epmd; do
        [ -x "$program" ] && echo "$program" && return 0
    done
    return 1
}

# A clean environment: no RABBITMQ_… variable of the caller reaches the private node.
rmq_run() {
    env -i PATH="$PATH" LANG=C.UTF-8 HOME="$state/rabbitmq" \
        ERL_EPMD_PORT="$RMQ_EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1 \
        ERL_FLAGS="-kernel inet_dist_use_interface {127,0,0,1}" \
        RABBITMQ_NODENAME="$RMQ_NODE" RABBITMQ_DIST_PORT="$RMQ_DIST_PORT" \
        RABBITMQ_CONF_ENV_FILE="$state/rabbitmq/none.conf" RABBITMQ_CONFIG_FILE="$state/rabbitmq/rabbitmq.conf" \
        RABBITMQ_ADVANCED_CONFIG_FILE="$state/rabbitmq/none.config" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$state/rabbitmq/enabled_plugins" \
        RABBITMQ_MNESIA_BASE="$state/rabbitmq/mnesia" RABBITMQ_LOG_BASE="$state/rabbitmq/log" \
        RABBITMQ_PID_FILE="$state/rabbitmq/node.pid" "$@"
}

rmq_pid() { cat "$state/rabbitmq/node.pid" 2>/dev/null || true; }
rmq_running() { process_is "$(rmq_pid)" "$state/rabbitmq" && port_answers "$RMQ_PORT"; }

rmq_configure() {
    mkdir -p "$state/rabbitmq/mnesia" "$state/rabbitmq/log"
    echo '[].' >"$state/rabbitmq/enabled_plugins"
    (umask 077 && cat >"$state/rabbitmq/rabbitmq.conf") <<CONF
listeners.tcp.1 = 127.0.0.1:$RMQ_PORT
default_vhost = $VHOST
default_user = regards
default_pass = $PASSWORD
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
CONF
}

# Erlang's name server, ours alone: the node would start one by itself, but nobody could stop that one by pid.
rmq_epmd_up() {
    process_is "$(cat "$state/epmd.pid" 2>/dev/null)" "$RMQ_EPMD_PORT" && return 0
    nohup "$(rmq_find_epmd)" -address 127.0.0.1 -port "$RMQ_EPMD_PORT" </dev/null >"$state/epmd.log" 2>&1 9>&- &
    echo $! >"$state/epmd.pid"
    wait_for_port "$RMQ_EPMD_PORT" 10 $! || die "epmd does not start, see $state/epmd.log"
}

# A process group of its own (set -m), so that Ctrl-C in the caller's terminal does not reach the node.
rmq_launch() {
    rm -f "$state/rabbitmq/node.pid"
    set -m
    rmq_run nohup "$(rmq_find)/rabbitmq-server" </dev/null >"$state/rabbitmq/start.log" 2>&1 9>&- &
    set +m
    wait_for_port "$RMQ_PORT" 120 $! || die "RabbitMQ does not start, see $state/rabbitmq/start.log"
}

rmq_up() {
    rmq_running && return 0
    rmq_stop_node
    [ -f "$state/rabbitmq/rabbitmq.conf" ] || rmq_configure
    rmq_epmd_up
    rmq_launch
}

rmq_stop_node() { stop_process "$(rmq_pid)" "$state/rabbitmq"; }

rmq_stop() {
    rmq_stop_node
    stop_process "$(cat "$state/epmd.pid" 2>/dev/null)" "$RMQ_EPMD_PORT"
}
