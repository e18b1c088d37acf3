#!/usr/bin/env bash
# Writes a manual page from what the program says of itself: scripts/man-page.sh TWINE [COMMAND] >PAGE
#
# help2man makes it from `twine COMMAND --help`; what it does not know is put right: the page's own name, and examples line by line.
set -euo pipefail

twine=$1
command=${2:-}
page=twine${command:+-$command}
help=("$twine" ${command:+"$command"} --help)
version=$("$twine" --version)
if [ -n "$command" ]; then
  name=$("${help[@]}")
  name=${name%%$'\n'*}
else
  name='run WebAssembly programs inside SGX enclaves'
fi
sections=$(mktemp)
trap 'rm -f "$sections"' EXIT
cat >"$sections" <<SECTION
[SEE ALSO]
.BR twine (1),
.BR twine-run (1),
.BR twine-compile (1),
.BR twine-inspect (1),
.BR twine-sign (1),
.BR twine-doctor (1)
SECTION
help2man --no-info --help-option="${command:+$command }--help" --version-string="$version" --name="${name%.}" --include="$sections" "$twine" |
  awk -v page="${page^^}" '
    /^\.TH / { $2 = page }
    /^\.SH NAME/ { in_name = 1 }
    in_name && /^[^.]/ { sub(/^[^ ]+ /, tolower(page) " "); in_name = 0 }
    /^\.SH EXAMPLES/ { print; in_examples = 1; next }
    in_examples && /^\.IP/ { print ".nf"; next }
    in_examples && /^\.(PP|SH)/ { print ".fi"; in_examples = 0 }
    { print }
    END { if (in_examples) print ".fi" }'
