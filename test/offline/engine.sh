# shellcheck shell=bash
# Sourced by `up` and `down`: a real Docker engine from Debian's packages, started without systemd.
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

engine_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

engine_installed() {
  command -v dockerd >/dev/null && docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1 &&
    command -v debootstrap >/dev/null
}

# Installs new packages only (Go programs with few dependencies) and upgrades none of the host.
install_engine() {
  prepare_apt
  DEBIAN_FRONTEND=noninteractive apt_private install -y --no-install-recommends \
    docker.io/trixie docker-cli/trixie docker-compose/trixie docker-buildx/trixie iptables debootstrap
  # A shell caches the path of `docker`; a static client elsewhere on PATH finds the same plugins in
  # /usr/libexec/docker.
  hash -r
  engine_installed
}

start_engine() {
  local mtu deadline log=$state/dockerd.log
  mkdir -p "$state"
  # With a default MTU above the uplink's, large downloads hang inside containers.
  mtu=$(cat "/sys/class/net/$(ip route show default | awk '{ print $5; exit }')/mtu" 2>/dev/null || echo 1500)
  rm -f "$pid_file"
  setsid nohup dockerd --pidfile "$pid_file" --mtu "$mtu" \
    --default-network-opt "bridge=com.docker.network.driver.mtu=$mtu" >"$log" 2>&1 </dev/null 9>&- &
  deadline=$((SECONDS + 60))
  until engine_answers; do
    if ((SECONDS > deadline)) || ! kill -0 $! 2>/dev/null; then
      tail -n 40 "$log"
      return 1
    fi
    sleep 0.2
  done
}

# The pid that `up` started, if it is still a dockerd: a pid file survives a reboot, and pids are
# reused.
engine_pid() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]] && echo "$pid"
}

stop_engine() {
  local pid deadline=$((SECONDS + 60))
  pid=$(engine_pid)
  kill -TERM "$pid"
  while [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; do
    if ((SECONDS > deadline)); then
      echo "dockerd ($pid) did not stop within 60 s"
      return 1
    fi
    sleep 0.2
  done
  rm -f "$pid_file"
}
