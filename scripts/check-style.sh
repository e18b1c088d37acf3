#!/usr/bin/env bash
# clang-format on every source, groff on every manual page of the build: scripts/check-style.sh
# With --tidy also clang-tidy on every source of the release build, remembering what it has already found clean; the first time that
# takes a quarter of an hour and more on two cores, so scripts/long.sh does it. With --fix formats instead of complaining.
set -uo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(git ls-files '*.cc' '*.h' '*.c' '*.cpp' '*.hpp' | grep -v '^tests/golden/')
passed=0
failed=0

if [ "${1:-}" = --fix ]; then
  clang-format-19 -i "${sources[@]}"
  exit
fi

for source in "${sources[@]}"; do
  if clang-format-19 --dry-run -Werror "$source" >/dev/null 2>&1; then
    passed=$((passed + 1))
  else
    echo "$source: not formatted; run scripts/check-style.sh --fix"
    failed=$((failed + 1))
  fi
done

# Manual pages are made by the build, where help2man is.
for page in build/man/*.1; do
  [ -e "$page" ] || { echo "skipped: no manual pages in build/man"; break; }
  if warnings=$(groff -man -ww -z "$page" 2>&1) && [ -z "$warnings" ] && grep -q '^\.SH OPTIONS' "$page"; then
    passed=$((passed + 1))
  else
    echo "$page: $warnings"
    failed=$((failed + 1))
  fi
done

if [ "${1:-}" != --tidy ]; then
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
fi

# A clang-tidy verdict depends on the file, the headers it includes and the configuration; the preprocessed text stands for all three.
cache=build/tidy-cache
mkdir -p "$cache"
tidy_one() {
  local source=$1 key
  key=$( { cat .clang-tidy; python3 scripts/preprocess.py build/compile_commands.json "$source"; } | sha256sum | cut -d' ' -f1)
  [ -f "$cache/$key" ] && return 0
  if output=$(clang-tidy-19 --quiet -p build "$source" 2>/dev/null); then
    touch "$cache/$key"
  else
    echo "$output"
    return 1
  fi
}
export -f tidy_one
export cache
mapfile -t compiled < <(python3 scripts/preprocess.py --list build/compile_commands.json)
result=$(printf '%s\n' "${compiled[@]}" | xargs -P2 -I{} bash -c 'tidy_one {} && echo "tidy-ok" || echo "tidy-failed {}"')
grep -v '^tidy-ok$' <<<"$result"
passed=$((passed + $(grep -c '^tidy-ok$' <<<"$result")))
failed=$((failed + $(grep -c '^tidy-failed' <<<"$result")))

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
