# shellcheck shell=bash
# Sourced by every script here: paths, permission checks, and timed steps.
# shellcheck disable=SC2034 # the variables are for those scripts
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
# The cache may be moved between machines. The state (apt lists, the engine's pid and log) belongs
# to this one.
cache=${ENCORE_OFFLINE_CACHE:-$HOME/.cache/encore-offline}
state=/var/lib/encore-offline
pid_file=$state/dockerd.pid
mkdir -p "$cache"

say() { printf 'offline: %s\n' "$*"; }
die() {
  say "$*" >&2
  exit 1
}

# step LABEL COMMAND...: runs the command with its output in a log; prints one line with seconds,
# and on failure the end of the log.
step() {
  local label=$1 log started=$SECONDS status=0
  shift
  log=$(mktemp)
  # The subshell keeps errexit active inside the command; a condition would disable it.
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

# These scripts install packages and give local images public names, so they run only on request and
# only as root with apt.
require_consent() {
  [[ ${ENCORE_OFFLINE:-} == 1 || ${CI:-} == true ]] ||
    die 'refused: this is for machines that cannot pull images. If this is one, set ENCORE_OFFLINE=1 (or CI=true).'
  [[ $(id -u) == 0 ]] || die 'refused: installing and starting an engine needs root. Run it as root.'
  command -v apt-get >/dev/null || die 'refused: this works on Debian only.'
}

# The private apt configuration adds trixie to the host's own sources. Never changes the host's
# /etc/apt.
apt_private() { APT_CONFIG=$state/apt/apt.conf apt-get "$@"; }

prepare_apt() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mkdir -p "$state/apt/lists/partial" "$state/apt/sources.list.d" "$state/apt/preferences.d"
  cp -rL /etc/apt/sources.list.d/. "$state/apt/sources.list.d/"
  if [[ -s /etc/apt/sources.list ]]; then cp /etc/apt/sources.list "$state/apt/sources.list.d/host.list"; fi
  cp -rL /etc/apt/preferences.d/. "$state/apt/preferences.d/"
  printf 'deb [signed-by=%s] %s trixie main\n' "$keyring" "$(debian_mirror)" >"$state/apt/sources.list.d/encore-trixie.list"
  # Priority 100: installs a package from trixie only on explicit request.
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

# The mirror that the host's apt uses, so that a local mirror is respected.
debian_mirror() {
  local mirror
  # shellcheck disable=SC2016 # the dollar signs are apt's
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' | awk '$1 == "Debian" { print $2; exit }')
  printf '%s\n' "${mirror:-http://deb.debian.org/debian/}"
}
