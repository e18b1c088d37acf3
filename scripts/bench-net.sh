#!/usr/bin/env bash
# Loads the HTTP file server and the TCP echo server of examples/ with wrk over loopback: each as a guest in the enclave, and the same source
# built natively. wrk speaks HTTP only, so what it sends to the echo server is an HTTP response, which it then reads as the answer.
#
#   scripts/bench-net.sh [--seconds N] [--connections N] [--size BYTES]     30 s each, 32 connections, a file of 4096 bytes
#
# Prints requests per second and the ratio of each pair; in the emulator these are the emulator's times, not SGX's. Fails where wrk saw a
# socket error, a time-out or an answer that is not 200, and where a server did not end by itself. Build first (scripts/build.sh). The last line counts: "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=30
connections=32
size=4096
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=$2 ;;
    --connections) connections=$2 ;;
    --size) size=$2 ;;
    *) echo "bench-net: no option $1; the head of scripts/bench-net.sh lists them" >&2; exit 2 ;;
  esac
  shift 2
done
command -v wrk >/dev/null || { echo "bench-net: wrk is missing; scripts/bootstrap.sh installs it" >&2; exit 1; }

work=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/site"
head -c "$size" /dev/urandom >"$work/site/file.bin"
cat >"$work/echo.lua" <<'EOF'
local message = "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" .. string.rep("x", 64)
local checked = false  -- the first call is wrk's own, which wants to see a request
request = function()
  if checked then return message end
  checked = true
  return "GET / HTTP/1.1\r\n\r\n"
end
EOF

passed=0
failed=0
result() { # NAME CONDITION-STATUS
  if [ "$2" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $1"; fi
}

free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

wait_for() { # PORT
  for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  return 1
}

# Starts the command, loads PORT by a request for URL_PATH, or what wrk's script makes, and leaves the requests per second in `rate`.
load() { # NAME PORT URL_PATH|SCRIPT COMMAND…
  local name=$1 port=$2
  local wrk=(wrk -t1 -c"$connections" -d"${seconds}s")
  case $3 in
    *.lua) wrk+=(-s "$3" "http://127.0.0.1:$port/") ;;
    *) wrk+=("http://127.0.0.1:$port$3") ;;
  esac
  shift 3
  "$@" >"$work/$name.out" 2>&1 &
  server=$!
  if ! wait_for "$port"; then
    cat "$work/$name.out"
    result "$name: the server listens" 1
    rate=0
    return
  fi
  "${wrk[@]}" >"$work/$name.wrk"
  rate=$(sed -nE 's/^Requests\/sec: +([0-9.]+)/\1/p' "$work/$name.wrk")
  result "$name: requests were answered" "$(awk -v r="${rate:-0}" 'BEGIN { print (r > 0) ? 0 : 1 }')"
  local faults=0
  grep -E 'Socket errors|Non-2xx' "$work/$name.wrk" && faults=1
  result "$name: wrk saw no error" "$faults"
  local status=0
  wait "$server" || status=$?
  server=
  result "$name: the server ended by itself with status 0 (got $status)" $((status != 0))
}

# The servers outlive the load by a little, and end.
lifetime=$((seconds + 6))
port=$(free_port)
load http-native "$port" /file.bin build/bin/http-server-native "$port" "$work/site" "$lifetime"
http_native=$rate
port=$(free_port)
load http-enclave "$port" /file.bin build/bin/twine run --listen "127.0.0.1:$port" --dir "$work/site::/site:ro" \
  build/examples/http-server.wasm /site "$lifetime"
http_enclave=$rate
port=$(free_port)
load echo-native "$port" "$work/echo.lua" build/bin/echo-server-native "$port" "$lifetime"
echo_native=$rate
port=$(free_port)
load echo-enclave "$port" "$work/echo.lua" build/bin/twine run --listen "127.0.0.1:$port" build/examples/echo-server.wasm "$lifetime"
echo_enclave=$rate

printf '%-6s %18s %18s %8s\n' server 'native, requests/s' 'enclave' ratio
row() { awk -v name="$1" -v n="$2" -v e="$3" 'BEGIN { printf "%-6s %18.0f %18.0f %8.3f\n", name, n, e, (n > 0) ? e / n : 0 }'; }
row http "$http_native" "$http_enclave"
row echo "$echo_native" "$echo_enclave"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
