#!/usr/bin/env bash
# Nothing leads out of a mount: the containment tests, and then a subverted enclave in a confined host process under `strace -f`: after it has
# confined itself, every file it opens lies on a mount, and what lies outside is as before.
#
# Where ptrace is refused, the watched part is skipped, which is said and counted. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release containment_test subverted_enclave || exit 1
passed=0
failed=0
skipped=0
check() { # DESCRIPTION STATUS
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "containment: $1: failed"
  fi
}

output=$(build/tests/containment_test 2>&1)
status=$?
good=$(grep -oE '^\[  PASSED  \] [0-9]+' <<<"$output" | grep -oE '[0-9]+$' || echo 0)
passed=$((passed + good))
[ $status -eq 0 ] || { tail -n 40 <<<"$output"; failed=$((failed + 1)); }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
if ! command -v strace >/dev/null || ! strace -f -o "$root/probe" true 2>/dev/null; then
  echo "skipped: ptrace is refused here, so the confined process was not watched"
  skipped=1
else
  mkdir "$root/house"
  said=$(strace -f -y -s 4200 -o "$root/trace" build/tests/subverted_enclave "$root/house" 2>&1)
  status=$?
  echo "containment: subverted enclave: $(tail -n 1 <<<"$said")"
  if [ $status -eq 77 ]; then
    echo "skipped: $(tail -n 1 <<<"$said")"
    skipped=1
  else
    check "the subverted enclave read nothing and ended by itself" $status
    scripts/containment_trace.py "$root/trace" "$root/house/mount" "$root/house/second" "$root/house/readonly"
    check "the host process touched nothing outside the mounts" $?
    ! scripts/containment_trace.py "$root/trace" "$root/house/mount" "$root/house/second" >/dev/null
    check "the watcher sees what is touched outside the mounts it is told of" $?
    [ "$(cat "$root/house/outside/secret")" = "the secret of the host" ] && [ "$(cat "$root/house/outside/directory/inner")" = "the secret of the host" ] &&
      [ "$(find "$root/house/outside" | wc -l)" -eq 4 ] && [ "$(find "$root/house" -maxdepth 1 | wc -l)" -eq 5 ]
    check "what lies outside is as before" $?
    [ "$(find "$root/house/readonly" | wc -l)" -eq 4 ] && [ "$(cat "$root/house/readonly/file")" = "read, not written" ]
    check "the read-only mount is as before" $?
  fi
fi
[ $skipped -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
