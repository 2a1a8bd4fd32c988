# What scripts/demo, scripts/test and scripts/bench share; sourced by them, from the repository's root. It brings a
# Debian machine to where a preset can be built: says what is missing, installs it, configures and builds. Nothing is
# fetched, and the network not touched, when everything is there.

# Options for cmake on top of the preset's. The compiler is one that scripts/packages.txt names, so that its warnings are
# known: none is left.
configure_options=(-DESPALIER_WERROR=ON)

# A heading; bold where people look at a terminal.
heading() {
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

fail() {
  printf '%s: %s\n' "scripts/${0##*/}" "$*" >&2
  exit 1
}

# missing_packages LIST...: prints the lines of these files whose package is not installed.
missing_packages() {
  local package purpose
  while read -r package purpose; do
    case $package in '' | '#'*) continue ;; esac
    case $(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null) in
    installed*) ;;
    *) printf '%s %s\n' "$package" "$purpose" ;;
    esac
  done < <(cat "$@")
}

# Runs apt-get as root, showing what it said only when it fails.
apt_get() {
  local as_root=() log
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  log=$(mktemp)
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    rm -f "$log"
    fail "apt-get $1 failed; its last words are above"
  fi
  rm -f "$log"
}

# install_packages [LIST...]: installs what these files list; scripts/packages.txt without any.
install_packages() {
  if [ $# -eq 0 ]; then set -- scripts/packages.txt; fi
  if ! command -v dpkg >/dev/null; then
    echo "Not a Debian system: taking it that what $* lists is installed already."
    return
  fi
  local missing packages=() package purpose
  missing=$(missing_packages "$@")
  if [ -z "$missing" ]; then return; fi

  heading "Installing what is missing, from Debian's packages"
  while read -r package purpose; do
    packages+=("$package")
    printf '  %-20s %s\n' "$package" "$purpose"
  done <<<"$missing"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "installing needs root or sudo, and there is neither; as root, run: apt-get install ${packages[*]}"
    sudo true || fail "installing needs root, and sudo refused; as root, run: apt-get install ${packages[*]}"
  fi
  apt_get update
  apt_get install --no-install-recommends "${packages[@]}"
}

onnx_runtime_version=1.30.0

# install_onnx_runtime PACKAGE...: ONNX Runtime's npm packages (onnxruntime-node: native; onnxruntime-web: WebAssembly),
# unpacked into build/npm without running any script of theirs.
install_onnx_runtime() {
  local npm=build/npm missing=() package log
  for package in "$@"; do
    if [ ! -d "$npm/node_modules/$package" ]; then missing+=("$package@$onnx_runtime_version"); fi
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if ! command -v npm >/dev/null; then
    heading "Installing npm, which brings ONNX Runtime"
    apt_get update
    apt_get install --no-install-recommends npm
  fi
  heading "Installing ${missing[*]} into $npm"
  mkdir -p "$npm"
  log=$(mktemp)
  if ! npm install --prefix "$npm" --ignore-scripts --no-audit --no-fund "${missing[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "npm install ${missing[*]} failed; the reason is above"
  fi
  rm -f "$log"
}

# The system's Python before any other: it is the one that Debian's python3-numpy serves.
system_python() {
  if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else echo python3; fi
}

# As many compilers at once as there are processors, but no more than one per 2 GB of free memory, which leaves room
# for the largest files.
parallel_jobs() {
  local processors gigabytes jobs
  processors=$(nproc)
  gigabytes=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  jobs=$((gigabytes / 2))
  if [ "$jobs" -gt "$processors" ]; then jobs=$processors; fi
  if [ "$jobs" -lt 1 ]; then jobs=1; fi
  echo "$jobs"
}

# build_preset PRESET [TARGET...]: configures, with configure_options on top of the preset's own, then builds the
# targets, or everything.
build_preset() {
  local preset=$1 targets=() log
  shift
  if [ $# -gt 0 ]; then targets=(--target "$@"); fi
  heading "Building (preset $preset, in build/$preset)"
  log=$(mktemp)
  if ! cmake --preset "$preset" "${configure_options[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "configuring failed; the reason is above"
  fi
  rm -f "$log"
  cmake --build --preset "$preset" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(parallel_jobs)}" "${targets[@]}"
}
