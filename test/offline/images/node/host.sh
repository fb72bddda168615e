# shellcheck shell=bash
# Sourced: how npm on this machine reaches its registry, so that `npm ci` works the same way inside a build.

# The version that the project's own lock has for this processor.
node_version() {
  (cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && node -p "require('./package.json').optionalDependencies['$(node_package)']")
}

node_package() { node -p "'node-linux-' + process.arch"; }

# Registry and proxies as npm resolved them (files, environment, defaults). Credentials are left out: an image is no place for them.
npm_settings() {
  local key value
  cd /
  for key in registry proxy https-proxy noproxy strict-ssl; do
    value=$(npm config get "$key" 2>/dev/null)
    case $value in '' | null | undefined) ;; *) echo "$key=$value" ;; esac
  done
}

# The certificates that npm trusts here: its own setting, Node's, or the system's.
ca_bundle() {
  local file
  file=$(cd / && npm config get cafile 2>/dev/null)
  if [[ $file == null || -z $file ]]; then file=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}; fi
  echo "$file"
}
