#!/usr/bin/env bash
# Builds the enclave image twice, as different people would, and demands the same bytes: whoever has the source can compute the
# MRENCLAVE that an owner is asked to trust.
#
#                first                       second
#   path         short                       long, of another depth
#   parallelism  1                           4
#   user         this one                    nobody (when root), else another name in USER, LOGNAME and HOME
#   time         now                         another time zone and locale, files with other dates
#   umask        022                         077
#
# No compiler cache takes part. The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d "${TMPDIR:-/tmp}/twine-reproducible.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

first=$work/a
second=$work/another/directory/with-a-much-longer-name/twine
mkdir -p "$first" "$second"

# What git knows, as it stands in the working tree.
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --ignore-failed-read -cf "$work/source.tar"
tar -xf "$work/source.tar" -C "$first"
tar -xf "$work/source.tar" -C "$second" --touch
find "$second" -exec touch -d '2001-02-03 04:05:06' {} +

build() { # DIRECTORY JOBS
  (cd "$1" && cmake --preset release -DTWINE_CCACHE= >configure.log 2>&1 && ninja -C build -j "$2" twine-enclave >build.log 2>&1) ||
    { tail -n 30 "$1"/configure.log "$1"/build.log; return 1; }
}

echo "reproducible: first build"
export CCACHE_DISABLE=1
(umask 022 && build "$first" 1)

echo "reproducible: second build"
other=(env USER=somebody LOGNAME=somebody HOME="$work" TZ=Pacific/Chatham LC_ALL=C.UTF-8)
if [ "$(id -u)" -eq 0 ]; then
  chown -R 65534:65534 "$second"
  other=(setpriv --reuid=65534 --regid=65534 --clear-groups "${other[@]}")
fi
"${other[@]}" bash -c "umask 077; $(declare -f build); build '$second' 4"

a=$first/build/bin/twine-enclave
b=$second/build/bin/twine-enclave
sha256sum "$a" "$b" | sed "s#$work/##"
if cmp "$a" "$b"; then
  echo "1 passed, 0 failed"
else
  echo "reproducible: the images differ; the first differing bytes:"
  cmp -l "$a" "$b" | head -n 10
  echo "0 passed, 1 failed"
  exit 1
fi
