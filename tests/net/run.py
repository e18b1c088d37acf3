#!/usr/bin/env python3
"""Sockets of guests in the enclave, against peers in this program and against each other: tests/net/run.py [--list] [FILTER…]

Each case starts a guest of tests/net or examples with its own `twine run` flags, plays the other end where there is one, and checks
output, bytes and exit status. Everything is on loopback, on free ports, and ends by itself. The last line counts.
"""

import argparse
import hashlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TWINE = ROOT / "build/bin/twine"
EXAMPLES = ROOT / "build/examples"
SOCKETS = ROOT / "build/tests/net/sockets.wasm"
TIMEOUT = 90
NOTICE = "twine: emulated SGX"
ANY = ["--allow-net", "127.0.0.1:*", "--allow-net", "[::1]:*", "--allow-net", "listen:127.0.0.1:*", "--allow-net",
       "listen:[::1]:*"]
CASES = {}


class Failed(Exception):
    pass


def case(function):
    CASES[function.__name__] = function
    return function


def check(condition, what):
    if not condition:
        raise Failed(what)


def start(flags, module, *arguments, stdin=subprocess.DEVNULL, **options):
    command = [TWINE, "run", "--timeout", f"{TIMEOUT}s", *flags, module, *map(str, arguments)]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def finish(process, status=0):
    output, errors = process.communicate(timeout=TIMEOUT)
    check(process.returncode == status, f"exit status {process.returncode}, not {status}: {output}{errors}")
    return output


def guest(name, flags, *arguments, status=0, **options):
    """Runs a case of sockets.c to its end and returns what it printed before `ok`."""
    output = finish(start(flags, SOCKETS, name, *arguments, **options), status)
    check(output.endswith("ok\n"), output)
    return output[: -len("ok\n")]


def listening_port(process):
    for line in process.stderr:
        if line.startswith("twine: listening on "):
            return int(line.rsplit(":", 1)[1])
    raise Failed("twine did not say where it listens")


class Peer(threading.Thread):
    """A listener on loopback that gives its first connection to `serve` and keeps what that returns or raises."""

    def __init__(self, serve, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.listener = socket.create_server((address, 0))
        self.listener.settimeout(TIMEOUT)
        self.port = self.listener.getsockname()[1]
        self.serve, self.result, self.error = serve, None, None
        self.start()

    def run(self):
        try:
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(TIMEOUT)
                self.result = self.serve(connection)
        except Exception as error:  # told by finished()
            self.error = error
        finally:
            self.listener.close()

    def finished(self):
        self.join(TIMEOUT)
        check(self.error is None and not self.is_alive(), f"the peer: {self.error}")
        return self.result


# ---------------------------------------------------------------- the guest's own sockets


@case
def client_and_server_in_one_guest_talk_over_ipv4():
    guest("tcp", ANY)


@case
def client_and_server_in_one_guest_talk_over_ipv6():
    guest("tcp6", ANY)


@case
def datagrams_keep_their_bounds_and_sender():
    guest("udp", ANY)


@case
def options_read_back_as_set():
    guest("options", ANY)


@case
def a_receive_timeout_ends_the_wait():
    guest("receive_times_out", ANY)


@case
def a_non_blocking_listener_says_again():
    guest("non_blocking", ["--listen", "127.0.0.1:0", *ANY])


@case
def poll_waits_for_sockets_pipe_and_clock_together():
    reader, writer = os.pipe()
    try:
        guest("poll_many", ["--listen", "127.0.0.1:0", *ANY], stdin=reader)
    finally:
        os.close(reader)
        os.close(writer)


@case
def a_listener_has_the_rights_of_one():
    guest("rights", ["--listen", "127.0.0.1:0", *ANY])


@case
def descriptors_run_out_with_emfile():
    guest("many", ["--listen", "127.0.0.1:0", *ANY], preexec_fn=lambda: __import__("resource").setrlimit(
        __import__("resource").RLIMIT_NOFILE, (256, 256)))


@case
def a_group_is_joined_where_a_rule_to_listen_covers_it():
    guest("multicast", ["--allow-net", "listen:224.0.0.0/24:5353"])


@case
def dual_stack_needs_both_rules():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    guest("dual", ["--allow-net", f"listen:[::]:{port}"], port)


@case
def a_hundred_megabytes_come_and_go_whole():
    block = bytes(range(251)) * 4000  # 1,004,000 bytes
    data = (block * 100)[: 100 * 1000 * 1000]

    def serve(connection):
        sender = threading.Thread(target=connection.sendall, args=(data,))
        sender.start()
        digest = hashlib.sha256()
        left = len(data)
        while left:
            part = connection.recv(min(left, 1 << 20))
            if not part:
                raise EOFError(f"{left} bytes are missing")
            digest.update(part)
            left -= len(part)
        sender.join()
        return digest.hexdigest()

    peer = Peer(serve)
    guest("large", ANY, peer.port)
    check(peer.finished() == hashlib.sha256(data).hexdigest(), "what came back is not what was sent")


@case
def a_peer_that_closes_ends_the_sending():
    def serve(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))

    peer = Peer(serve)
    guest("reset", ANY, peer.port)
    peer.finished()


@case
def inherited_sockets_are_descriptors():
    ours, theirs = socket.socketpair()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with ours, theirs, datagrams:
        ours.sendall(b"ping")
        guest("inherited", ["--inherit-fd", str(theirs.fileno()), "--inherit-fd", str(datagrams.fileno())], 2,
              pass_fds=(theirs.fileno(), datagrams.fileno()))
        check(ours.recv(8) == b"pong", "no answer came")


# ---------------------------------------------------------------- the allow-list


@case
def nothing_is_opened_without_a_rule():
    guest("closed", [])


def refused_by(*rules):
    """With rules that admit 127.0.0.1 at one closed port only, that port answers and another one is refused."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        allowed = closed.getsockname()[1]
        refused = server.getsockname()[1]
        closed.close()
        flags = [word for rule in rules for word in ("--allow-net", rule.format(port=allowed))]
        guest("refused", flags, refused, "acces", allowed, "refused")


@case
def a_rule_of_an_address_admits_it_at_its_port():
    refused_by("127.0.0.1:{port}")


@case
def a_rule_of_a_network_admits_what_lies_in_it():
    refused_by("127.0.0.0/8:{port}", "10.0.0.0/8:*")


@case
def a_mapped_rule_is_the_rule_of_its_ipv4_address():
    refused_by("[::ffff:127.0.0.1]:{port}")


@case
def names_resolve_and_admit_what_they_resolved_to():
    peer = Peer(lambda connection: connection.recv(1))
    guest("resolve", ["--allow-net", f"localhost:{peer.port}"], peer.port)
    check(peer.finished() == b"", "the guest sent something")


@case
def a_name_admits_nothing_before_it_was_resolved():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        guest("unresolved", ["--allow-net", f"localhost:{port}"], port)


@case
def sentences_name_what_is_wrong_with_a_flag():
    for flags, words in {
        ("--allow-net", "example.org"): "the port is missing",
        ("--allow-net", "127.1:80"): "neither an address nor a host name",
        ("--allow-net", "10.0.0.1/8:80"): "bits set beyond",
        ("--allow-net", "listen:example.org:80"): "by address, not by name",
        ("--allow-net", "::1:80"): "stands in [ ]",
        ("--listen", "localhost:80"): "is not of the form",
        ("--listen", "192.0.2.1:80"): "choose another --listen address",
        ("--inherit-fd", "2"): "not an open socket",
    }.items():
        process = start(flags, SOCKETS, "tcp")
        _, errors = process.communicate(timeout=TIMEOUT)
        check(process.returncode == 125 and words in errors, f"{flags}: {process.returncode} {errors}")


# ---------------------------------------------------------------- servers


@case
def the_echo_server_returns_what_it_gets():
    server = start(["--listen", "127.0.0.1:0"], EXAMPLES / "echo-server.wasm", 60, 8)
    port = listening_port(server)
    clients = [socket.create_connection(("127.0.0.1", port), TIMEOUT) for _ in range(8)]
    for i, client in enumerate(clients):
        client.sendall(bytes([i]) * 100_000)
    for i, client in enumerate(clients):
        client.shutdown(socket.SHUT_WR)
        echoed = b"".join(iter(lambda peer=client: peer.recv(65536), b""))
        check(echoed == bytes([i]) * 100_000, f"client {i} got {len(echoed)} bytes")
        client.close()
    finish(server)


@case
def the_http_server_serves_files_and_refuses_the_rest():
    with tempfile.TemporaryDirectory() as directory:
        site = Path(directory) / "site"
        (site / "sub").mkdir(parents=True)
        (site / "index.html").write_text("<p>front</p>")
        large = os.urandom(3_000_000)
        (site / "sub/large.bin").write_bytes(large)
        (site / "..odd.txt").write_text("odd")
        (Path(directory) / "secret").write_text("secret")
        (site / "out").symlink_to("../secret")
        server = start(["--listen", "127.0.0.1:0", "--dir", f"{site}::/site:ro"], EXAMPLES / "http-server.wasm", "/site", 6)
        port = listening_port(server)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

        def ask(method, target):
            connection.putrequest(method, target, skip_host=False)
            connection.endheaders()
            response = connection.getresponse()
            return response, response.read()

        response, body = ask("GET", "/")
        check((response.status, body) == (200, b"<p>front</p>"), f"GET /: {response.status} {body}")
        check(response.getheader("Content-Type").startswith("text/html"), "not HTML")
        response, body = ask("GET", "/sub/large.bin")
        check(body == large, "the large file is not whole")
        response, body = ask("HEAD", "/sub/large.bin")
        check((response.status, response.getheader("Content-Length"), body) == (200, "3000000", b""), "HEAD")
        for target, status in {"/none": 404, "/sub": 404, "/../secret": 404, "/%2e%2e/secret": 404, "/sub/../../secret": 404,
                               "/out": 404, "/..": 404, "/..odd.txt": 200, "/%00": 404, "/?q=1": 200}.items():
            response, _ = ask("GET", target)
            check(response.status == status, f"GET {target}: {response.status}, not {status}")

        def raw(request):
            with socket.create_connection(("127.0.0.1", port), TIMEOUT) as peer:
                peer.sendall(request)
                return b"".join(iter(lambda: peer.recv(65536), b""))

        check(raw(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 "), "nonsense is no request")
        check(raw(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 "), "without Host")
        check(raw(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 405 "), "POST")
        check(raw(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n").startswith(b"HTTP/1.1 400 "), "a body")
        check(raw(b"GET /" + b"a" * 9000).startswith(b"HTTP/1.1 431 "), "too long")
        pipelined = raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2 + b"GET / HTTP/1.0\r\n\r\n")
        check(pipelined.count(b"200 OK") == 3 and pipelined.endswith(b"<p>front</p>"), "pipelined requests")
        connection.close()
        finish(server)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("filter", nargs="*")
    arguments = parser.parse_args()
    chosen = {name: run for name, run in CASES.items() if not arguments.filter or any(word in name for word in arguments.filter)}
    if arguments.list:
        print("\n".join(chosen))
        return 0
    passed = failed = 0
    for name, run in chosen.items():
        try:
            run()
            passed += 1
        except (Failed, OSError, http.client.HTTPException, subprocess.TimeoutExpired) as error:
            print(f"FAILED {name}: {error}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
