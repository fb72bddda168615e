# shellcheck shell=bash
# Sourced by `up`: builds a stand-in for each image that the project pins, under the pinned name.
# images/<repository>/Dockerfile defines it, images/<repository>/prepare DIR TAG fetches its parts.
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Trixie, because it has PostgreSQL 17. The programs in the stand-ins do not depend on the suite.
suite=trixie
base=encore-offline/base
base_tar=$cache/base-$suite-$(dpkg --print-architecture).tar

# Every image name in the Compose file and the Dockerfiles, which are the only place that pins them.
pinned_images() {
  local files=("$project"/docker-compose.yml "$project"/Dockerfile "$project"/*/Dockerfile "$project"/*/*/Dockerfile) file
  for file in "${files[@]}"; do
    if [[ -f $file ]]; then
      sed -nE 's/^\s*(image:|FROM|ARG \w+_IMAGE=)\s*(--\S+\s+)*["'\'']?([^"'\''$ ]+:[^"'\''$ ]+).*/\3/p' "$file"
    fi
  done | sort -u
}

repository_of() {
  local name=${1##*/}
  echo "${name%%:*}"
}

# One hash over everything that a stand-in contains: if it changes, the image is rebuilt.
key_of() {
  local repository
  repository=$(repository_of "$1")
  {
    echo "$1 $suite $(dpkg --print-architecture)"
    # Relative names, so that every checkout has the same key.
    cd "$here/images/$repository"
    find . -type f -print0 | sort -z | xargs -0 sha256sum
    if [[ -x inputs ]]; then ./inputs; fi
  } | sha256sum | cut -c1-16
}

label_of() { docker image inspect --format '{{ index .Config.Labels "encore.offline" }}' "$1" 2>/dev/null; }

# A file in the cache is valid only with its checksum, which is written last.
cached() { [[ -f $1.sha256 ]] && (cd "$(dirname "$1")" && sha256sum --status --check "$1.sha256"); }
write_checksum() { (cd "$(dirname "$1")" && sha256sum "$(basename "$1")" >"$1.sha256.new" && mv "$1.sha256.new" "$1.sha256"); }

make_base() {
  local root
  if ! cached "$base_tar"; then
    root=$(mktemp -d)
    debootstrap --variant=minbase "$suite" "$root" "$(debian_mirror)"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    tar -C "$root" --numeric-owner -cf "$base_tar" .
    rm -rf "$root"
    write_checksum "$base_tar"
  fi
  docker import "$base_tar" "$base:$suite"
}

has_base() { docker image inspect "$base:$suite" >/dev/null 2>&1; }

build_image() {
  local image=$1 key=$2 context=$3 repository tar=$4 args=() name
  repository=$(repository_of "$image")
  # A build needs the host's proxies, if any.
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [[ -n ${!name:-} ]]; then args+=(--build-arg "$name"); fi
  done
  docker build --tag "$image" --label "encore.offline=$key" --build-arg "BASE=$base:$suite" --build-arg "TAG=${image##*:}" \
    "${args[@]}" --file "$here/images/$repository/Dockerfile" "$context"
  rm -f "$cache/image-$repository"-*
  docker save --output "$tar" "$image"
  write_checksum "$tar"
}

# make_images NAME...: fetches and compiles in parallel with the base image, because these steps
# take the longest.
make_images() {
  local work image repository tar label key missing=() pids=()
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder's name is known now, not at the end
  trap "rm -rf '$work'" EXIT
  for image in "$@"; do
    repository=$(repository_of "$image")
    key=$(key_of "$image")
    tar=$cache/image-$repository-$key.tar
    label=$(label_of "$image" || echo none)
    if [[ $label == "$key" ]]; then
      say "$image: present"
    elif [[ -z $label ]]; then
      say "$image: a real image is present, kept"
    elif cached "$tar"; then
      step "$image: loaded from the cache" docker load --input "$tar"
    else
      mkdir "$work/$repository"
      step "$image: prepared" "$here/images/$repository/prepare" "$work/$repository" "${image##*:}" &
      missing+=("$image $key $tar")
      pids+=($!)
    fi
  done
  ((${#missing[@]})) || return 0
  has_base || step "base image ($suite)" make_base
  local index
  for index in "${!missing[@]}"; do
    read -r image key tar <<<"${missing[index]}"
    repository=$(repository_of "$image")
    wait "${pids[index]}"
    step "$image: built" build_image "$image" "$key" "$work/$repository" "$tar"
  done
}
