#!/usr/bin/env bash
# The part of the official entrypoint that the lab uses: make the cluster once from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB
# (POSTGRES_PASSWORD_FILE, POSTGRES_INITDB_ARGS and POSTGRES_HOST_AUTH_METHOD too), run the SQL of /docker-entrypoint-initdb.d,
# then become the server as uid 999.
set -euo pipefail

if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi
if [[ ${1:-} != postgres ]]; then exec "$@"; fi

if [[ $(id -u) == 0 ]]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi

if [[ ! -s $PGDATA/PG_VERSION ]]; then
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  if [[ -n ${POSTGRES_PASSWORD_FILE:-} ]]; then POSTGRES_PASSWORD=$(<"$POSTGRES_PASSWORD_FILE"); fi
  if [[ -z ${POSTGRES_PASSWORD:-} && ${POSTGRES_HOST_AUTH_METHOD:-} != trust ]]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    exit 1
  fi
  read -ra arguments <<<"${POSTGRES_INITDB_ARGS:-}"
  if [[ -n ${POSTGRES_PASSWORD:-} ]]; then arguments+=(--pwfile=/dev/stdin); fi
  printf '%s\n' "${POSTGRES_PASSWORD:-}" | initdb --username="$user" -D "$PGDATA" "${arguments[@]}"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  # The official image's sample configuration listens on all addresses. While the database is made, nobody may see it.
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  export PGPASSWORD=${POSTGRES_PASSWORD:-}
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  if [[ $database != postgres ]]; then
    createdb --username="$user" --maintenance-db=postgres --no-password "$database"
  fi
  shopt -s nullglob
  for script in /docker-entrypoint-initdb.d/*.sql; do
    psql -v ON_ERROR_STOP=1 --username="$user" --dbname="$database" --no-password --file="$script"
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
fi
exec "$@"
