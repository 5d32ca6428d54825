# shellcheck shell=bash
# A private PostgreSQL. Needs: state (folder) now; PG_PORT, PG_FOLDER, PASSWORD and VOLATILE when called.
: "${state:?}"

pg_find() { # prints the folder of PostgreSQL's programs
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV); do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && echo "$folder" && return 0
    done
    folder="$(command -v initdb)" || return 1
    dirname "$folder"
}

# The plain locale that knows upper and lower case of all letters; where the system has none, of ASCII alone.
pg_locale() { locale -a 2>/dev/null | grep -ixm1 'c\.utf-\?8' || echo C; }

# PostgreSQL refuses to run as root; then it runs as the package's account, or as nobody.
pg_account() { id -u postgres >/dev/null 2>&1 && echo postgres || echo nobody; }

pg_run() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    elif command -v setpriv >/dev/null; then
        setpriv --reuid="$(pg_account)" --regid="$(id -g "$(pg_account)")" --clear-groups -- "$@"
    else
        runuser -u "$(pg_account)" -- "$@"
    fi
}

# The account may not be allowed to enter the checkout (below /root, say).
pg_choose_folder() {
    mkdir -p "$state"
    if pg_run test -x "$state"; then echo "$state/postgres"; else echo "${TMPDIR:-/tmp}/regards-postgres-$1"; fi
}

# Not "pg_ctl status": where nobody reaps orphans, a killed server stays as a zombie that it takes for alive.
pg_running() { process_is "$(pg_run head -n 1 "$PG_FOLDER/data/postmaster.pid" 2>/dev/null)" "$PG_FOLDER/data"; }

pg_initialise() {
    local bin
    bin="$(pg_find)"
    rm -rf "$PG_FOLDER"
    mkdir -p "$PG_FOLDER"
    (umask 077 && printf '%s' "$PASSWORD" >"$PG_FOLDER/password")
    [ "$(id -u)" -ne 0 ] || chown -R "$(pg_account)" "$PG_FOLDER"
    (cd / && pg_run "$bin/initdb" -D "$PG_FOLDER/data" --username=regards --pwfile="$PG_FOLDER/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale="$(pg_locale)" --no-sync >"$state/initdb.log" 2>&1) ||
        die "initdb failed, see $state/initdb.log"
    rm -f "$PG_FOLDER/password"
    pg_run tee -a "$PG_FOLDER/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $PG_PORT
unix_socket_directories = ''
max_connections = 200
CONF
    [ "${VOLATILE:-false}" = false ] || pg_run tee -a "$PG_FOLDER/data/postgresql.conf" >/dev/null <<CONF
fsync = off
full_page_writes = off
CONF
    touch "$PG_FOLDER/initialised"
}

# After a kill -9 the old server's children need a moment to leave; hence the pause and the few tries.
pg_launch() {
    local attempt bin
    if pg_run test -e "$PG_FOLDER/data/postmaster.pid"; then
        sleep 1
        rm -f "$PG_FOLDER/data/postmaster.pid"
    fi
    bin="$(pg_find)"
    for attempt in 1 2 3 4 5; do
        (cd / && pg_run "$bin/pg_ctl" start -w -t 60 -D "$PG_FOLDER/data" -l "$PG_FOLDER/server.log" \
            >/dev/null 2>&1 9>&-) && return 0
        sleep "$attempt"
    done
    die "PostgreSQL does not start, see $PG_FOLDER/server.log"
}

pg_up() {
    [ -f "$PG_FOLDER/initialised" ] || pg_initialise
    pg_running || pg_launch
    pg_ensure_database
}

pg_ensure_database() {
    local created
    created="$(PGPASSWORD="$PASSWORD" "$(pg_find)/createdb" -h 127.0.0.1 -p "$PG_PORT" -U regards regards 2>&1)" ||
        [[ "$created" == *"already exists"* ]] || die "cannot create the database regards: $created"
}

pg_stop() {
    pg_running || return 0
    (cd / && pg_run "$(pg_find)/pg_ctl" stop -w -t 60 -m fast -D "$PG_FOLDER/data" >/dev/null 2>&1) ||
        (cd / && pg_run "$(pg_find)/pg_ctl" stop -w -t 60 -m immediate -D "$PG_FOLDER/data" >/dev/null 2>&1) ||
        die "PostgreSQL does not stop, see $PG_FOLDER/server.log"
}
