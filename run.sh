#!/usr/bin/env bash
# One command for everything: installs what is missing, builds what is out of date, runs. ./run.sh --help
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_dir=$here/build/release
demo_address_file=$here/.demo/broker

usage() {
  cat <<'TEXT'
Usage: ./run.sh COMMAND [ARGUMENTS]

  setup               install the Debian packages that are missing (root or sudo)
  build [TARGETS]     build everything, or the targets named
  test [CTEST ARGS]   build everything and run all tests
  bench [ARGS]        build and run the benchmarks, each beside what the machine gives at best: the parts, then the whole
                      pipeline. With --benchmark_... (Google Benchmark's) only the parts, with other ARGS only the
                      pipeline: --row ROW, --repetitions N, --quick, --out PATH (bench --help)
  harness ARGS        the harness: run, validate, schema, list, ... (harness --help)
  broker [ARGS]       a Kafka cluster to try things on (librdkafka's mock); server and producer find it by themselves
  server [ARGS]       payment-server
  client [ARGS]       payment-client
  producer [COUNT]    payment-producer, for COUNT payments; further arguments are passed on
  clean               remove what was built

Each command but clean and setup first installs what is missing and builds what is out of date.

Examples:
  ./run.sh harness run scenarios/restart.json      kill the server under load, and see that nothing is lost
  ./run.sh test
  ./run.sh broker, ./run.sh server, ./run.sh client, ./run.sh producer 20      each in a terminal of its own

Kafka: KAFKA_BROKERS from the environment or .env; where neither has it, the broker that ./run.sh broker started.
TEXT
}

fail() {  # MESSAGE [WHAT TO DO]
  echo "run.sh: $1" >&2
  [ $# -lt 2 ] || echo "  $2" >&2
  exit "${status:-3}"
}

setup() {
  "$here/ci/install-dependencies" ||
    fail "the packages above are needed and could not be installed." "Install them by hand (ci/packages.txt lists them), then try again."
}

# A tree that was configured somewhere else, or only half, is made anew. With PIPELINE_STRICT in the environment (the gate) it
# is configured with that value; without, it stays as it is.
configure() {
  local cache=$build_dir/CMakeCache.txt options=()
  if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$here" "$cache"; then
    echo "==> $build_dir belongs to another folder; building anew"
    rm -rf "$build_dir"
  fi
  if [ -n "${PIPELINE_STRICT:-}" ] && ! grep -sqxF "PIPELINE_STRICT:BOOL=$PIPELINE_STRICT" "$cache"; then
    options=("-DPIPELINE_STRICT=$PIPELINE_STRICT")
  elif [ -f "$build_dir/build.ninja" ]; then
    return 0
  fi
  echo "==> Configuring $build_dir"
  (cd "$here" && cmake --preset release "${options[@]}" >"$build_dir.log" 2>&1) || {
    cat "$build_dir.log" >&2
    fail "CMake could not configure the build; its output is above." "./run.sh setup installs what it may miss; ./run.sh clean starts afresh."
  }
}

build() {  # TARGETS
  mkdir -p "$here/build"
  setup
  configure
  "$here/ci/ninja" "$build_dir" "$@" ||
    status=1 fail "the build failed; the compiler's output is above." "If the sources are as released: ./run.sh clean, then try again; ./run.sh setup if a header is missing."
}

run() {  # PROGRAM ARGUMENTS
  exec "$build_dir/bin/$1" "${@:2}"
}

# The broker that ./run.sh broker started, for those who are told of no other. ARGUMENTS are those of the program.
demo_broker=false
find_broker() {
  if [ -n "${KAFKA_BROKERS:-}" ] || grep -qsE '^[[:space:]]*(export[[:space:]]+)?KAFKA_BROKERS[[:space:]]*=' .env; then return; fi
  case " $* " in *" --brokers"* | *" --help "* | *" -h "* | *" --version "*) return ;; esac
  # The broker holds a lock on its file for as long as it lives: one that can be locked was left behind.
  if [ -s "$demo_address_file" ] && ! flock --nonblock "$demo_address_file" true; then
    IFS= read -r KAFKA_BROKERS <"$demo_address_file" || true
    export KAFKA_BROKERS
    demo_broker=true
  else
    echo "run.sh: no broker of ./run.sh broker is running and KAFKA_BROKERS is not set; trying the default" >&2
  fi
}

# Runs every test; the closing lines are each test binary's outcome and the total, whatever a failure printed before.
test_all() {
  build all
  local log=$build_dir/test.log outcome=0
  (cd "$here" && ctest --preset release "$@") 2>&1 | tee "$log" || outcome=$?
  if [ "$outcome" -ne 0 ]; then
    echo
    "$here/ci/test-outcome" "$log"
    echo "run.sh: tests failed; what they printed is above, and in $log" >&2
  fi
  return "$outcome"
}

# Google Benchmark's programs for the parts, benchmarks/pipeline-speed for the whole.
bench() {
  local parts=("$@") program
  if [ $# -eq 0 ]; then parts=(--benchmark_repetitions=5 --benchmark_report_aggregates_only); fi
  if [[ $# -eq 0 || "$*" == *--benchmark_* ]]; then
    for program in "$build_dir"/bin/*_benchmark; do "$program" "${parts[@]}"; done
  fi
  if [[ "$*" != *--benchmark_* ]]; then "$here/benchmarks/pipeline-speed" --bin "$build_dir/bin" "$@"; fi
}

command=${1:-}
[ $# -eq 0 ] || shift
case "$command" in
  setup) setup ;;
  build) if [ $# -eq 0 ]; then build all; else build "$@"; fi ;;
  test) test_all "$@" ;;
  bench)
    build all
    bench "$@"
    ;;
  harness)
    build harness payment-server payment-producer payment-client
    export PIPELINE_HARNESS_COMMAND="${BASH_SOURCE[0]} harness"
    run harness "$@"
    ;;
  broker)
    build harness
    mkdir -p "${demo_address_file%/*}"
    run harness broker --address-file "$demo_address_file" "$@"
    ;;
  server)
    build payment-server
    find_broker "$@"
    # New data does not wake a waiting consumer of the mock: it asks again at once instead of after half a second.
    if $demo_broker; then set -- -X fetch.wait.max.ms=1 "$@"; fi
    run payment-server "$@"
    ;;
  client)
    build payment-client
    run payment-client "$@"
    ;;
  producer)
    build payment-producer
    find_broker "$@"
    if [[ ${1:-} =~ ^[0-9]+$ ]]; then set -- --count "$@"; fi
    run payment-producer "$@"
    ;;
  clean) rm -rf "$here/build" ;;
  -h | --help | help) usage ;;
  "")
    usage >&2
    exit 2
    ;;
  *)
    usage >&2
    status=2 fail "unknown command '$command'"
    ;;
esac
