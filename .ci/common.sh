# Sourced by .ci/run and .ci/full: headings, fresh copies, and the README's own commands.

# What a checkout's machine has that a fresh one has not: caches, an active environment, a home.
# Where pip's settings live in the home directory they are handed on.
for settings in "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/.pip/pip.conf"; do
  if [[ -z "${PIP_CONFIG_FILE:-}" && -f "$settings" ]]; then
    export PIP_CONFIG_FILE="$settings"
  fi
done
unset NUMBA_CACHE_DIR PYTHONPATH PYTHONHOME VIRTUAL_ENV XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME
exec < /dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive="$work/archive.tar"
git archive --output "$archive" HEAD
export HOME="$work/home"
mkdir "$HOME"

section() {
  printf '\n==== %s ==== [%d s]\n' "$1" "$SECONDS"
}

# A copy of what is committed, outside the working tree; continue in it.
fresh_copy() {
  mkdir "$work/$1"
  tar --extract --file "$archive" --directory "$work/$1"
  cd "$work/$1"
}

# Run the one shell line of the README that contains the words given, as it stands there.
run_from_readme() {
  local line
  line=$(awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md | grep -F -- "$1" || true)
  if [[ -z "$line" || "$line" == *$'\n'* ]]; then
    echo "README.md should have exactly one shell line with '$1'" >&2
    return 1
  fi
  printf '$ %s\n' "$line"
  bash -c "$line"
}

install_debian_packages() {
  local packages=()
  python3 -c 'import ensurepip' 2> /dev/null || packages+=(python3-venv)
  command -v chromium > /dev/null || packages+=(chromium)  # opens the report in the tests
  if (( ${#packages[@]} )); then
    local sudo=()
    (( EUID == 0 )) || sudo=(sudo)
    "${sudo[@]}" apt-get update
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install --yes --no-install-recommends "${packages[@]}"
  fi
}
