# shellcheck shell=bash
# Sourced by every script here: where things are, who may run this, and how a step is run and timed.
# shellcheck disable=SC2034 # the variables are for those scripts
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
# The cache may be kept from machine to machine. The state (apt lists, the engine's pid and log) belongs to this one.
cache=${ENCORE_OFFLINE_CACHE:-$HOME/.cache/encore-offline}
state=/var/lib/encore-offline
pid_file=$state/dockerd.pid
mkdir -p "$cache"

say() { printf 'offline: %s\n' "$*"; }
die() {
  say "$*" >&2
  exit 1
}

# step LABEL COMMAND...: runs the command with its output in a log; prints one line with seconds, and on failure the log's end.
step() {
  local label=$1 log started=$SECONDS status=0
  shift
  log=$(mktemp)
  # The subshell keeps errexit alive inside the command, which a condition would switch off.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  status=$?
  set -e
  if ((status != 0)); then
    tail -n 40 "$log" >&2
    rm -f "$log"
    die "$label: failed after $((SECONDS - started)) s"
  fi
  rm -f "$log"
  say "$label: $((SECONDS - started)) s"
}

# These scripts install packages and give local images public names: only when asked to, only where apt and root are.
require_consent() {
  [[ ${ENCORE_OFFLINE:-} == 1 || ${CI:-} == true ]] ||
    die 'refused: this is for machines that cannot pull images. Set ENCORE_OFFLINE=1 (or CI=true) if this is one.'
  [[ $(id -u) == 0 ]] || die 'refused: root is needed to install and start an engine.'
  command -v apt-get >/dev/null || die 'refused: this works on Debian only.'
}

# The private apt configuration sees trixie beside the host's own sources. The host's /etc/apt is never touched.
apt_private() { APT_CONFIG=$state/apt/apt.conf apt-get "$@"; }

prepare_apt() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mkdir -p "$state/apt/lists/partial" "$state/apt/sources.list.d" "$state/apt/preferences.d"
  cp -rL /etc/apt/sources.list.d/. "$state/apt/sources.list.d/"
  if [[ -s /etc/apt/sources.list ]]; then cp /etc/apt/sources.list "$state/apt/sources.list.d/host.list"; fi
  cp -rL /etc/apt/preferences.d/. "$state/apt/preferences.d/"
  printf 'deb [signed-by=%s] %s trixie main\n' "$keyring" "$(debian_mirror)" >"$state/apt/sources.list.d/encore-trixie.list"
  # Priority 100: a package comes from trixie only when it is asked for by that name.
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' >"$state/apt/preferences.d/encore-trixie"
  cat >"$state/apt/apt.conf" <<EOF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$state/apt/sources.list.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/apt/preferences.d";
Dir::State::lists "$state/apt/lists";
EOF
  apt_private update -qq
}

# The mirror that the host's own apt uses, so that a local mirror is honoured.
debian_mirror() {
  local mirror
  # shellcheck disable=SC2016 # the dollar signs are apt's
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' | awk '$1 == "Debian" { print $2; exit }')
  printf '%s\n' "${mirror:-http://deb.debian.org/debian/}"
}
