// What a guest sees of sockets: one case a name, which the first argument gives; run.py calls each with the flags and the peer it
// needs. Prints "ok", or the line of the check that failed.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <wasi/api.h>

#include "socket_extension.h"

#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      exit(1);                                       \
    }                                                \
  } while (0)
#define CHECK_ERRNO(call, expected)                                                          \
  do {                                                                                       \
    const int check_result = (call);                                                         \
    if (check_result != (expected)) {                                                        \
      printf("line %d: %s is %d, not %d\n", __LINE__, #call, check_result, (int)(expected)); \
      exit(1);                                                                               \
    }                                                                                        \
  } while (0)

static const char** arguments;  // after the name

static uint16_t port_argument(int i) {
  return (uint16_t)atoi(arguments[i]);
}

static address_t v4(int a, int b, int c, int d, uint16_t port) {
  return (address_t){.kind = kIpv4, .v4 = {{(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}, port}};
}

static address_t loopback(uint16_t port) {
  return v4(127, 0, 0, 1, port);
}

static address_t loopback6(uint16_t port) {
  return (address_t){.kind = kIpv6, .v6 = {{0, 0, 0, 0, 0, 0, 0, 1}, port}};
}

static int open_socket(int family, int type) {
  int32_t fd = -1;
  CHECK_ERRNO(sock_open(-1, family, type, &fd), 0);
  CHECK(fd >= 3);
  return fd;
}

static uint16_t port_of(int fd) {
  address_t address;
  CHECK_ERRNO(sock_addr_local(fd, &address), 0);
  return address.kind == kIpv4 ? address.v4.port : address.v6.port;
}

static int first_listener(void) {
  for (int fd = 3;; ++fd) {
    __wasi_fdstat_t stat;
    CHECK(__wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat) == 0);
    if (stat.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM) return fd;
  }
}

// A client and a server in one program, over `family`.
static void both_ends(int family) {
  const int listener = open_socket(family, kStream);
  const address_t any_port = family == kIpv4 ? loopback(0) : loopback6(0);
  CHECK_ERRNO(sock_bind(listener, &any_port), 0);
  CHECK_ERRNO(sock_listen(listener, 8), 0);
  const uint16_t port = port_of(listener);
  CHECK(port != 0);
  const int client = open_socket(family, kStream);
  const address_t to = family == kIpv4 ? loopback(port) : loopback6(port);
  CHECK_ERRNO(sock_connect(client, &to), 0);
  const int server = accept(listener, NULL, NULL);
  CHECK(server >= 3);
  address_t peer;
  CHECK_ERRNO(sock_addr_remote(client, &peer), 0);
  CHECK(memcmp(&peer, &to, family == kIpv4 ? 10 : 22) == 0);
  CHECK_ERRNO(sock_addr_remote(server, &peer), 0);
  CHECK((family == kIpv4 ? peer.v4.port : peer.v6.port) == port_of(client));
  CHECK(send(client, "hello", 5, 0) == 5);
  char buffer[16];
  CHECK(recv(server, buffer, sizeof buffer, MSG_PEEK) == 5);
  CHECK(recv(server, buffer, sizeof buffer, 0) == 5 && memcmp(buffer, "hello", 5) == 0);
  CHECK(write(server, "bye", 3) == 3);
  CHECK(read(client, buffer, sizeof buffer) == 3);
  // A side that is shut down reads as the end on the other, which can still write.
  CHECK(shutdown(client, SHUT_WR) == 0);
  CHECK(recv(server, buffer, sizeof buffer, 0) == 0);
  CHECK(send(server, "still", 5, 0) == 5);
  CHECK(recv(client, buffer, sizeof buffer, 0) == 5);
  CHECK(send(client, "x", 1, 0) == -1 && errno == EPIPE);
  CHECK_ERRNO(sock_close(server), 0);
  CHECK_ERRNO(sock_close(server), EBADF);
  CHECK(recv(client, buffer, sizeof buffer, 0) == 0);
  CHECK(close(client) == 0 && close(listener) == 0);
}

static void tcp(void) {
  both_ends(kIpv4);
}
static void tcp6(void) {
  both_ends(kIpv6);
}

static void udp(void) {
  const int a = open_socket(kIpv4, kDatagram);
  const int b = open_socket(kIpv4, kDatagram);
  const address_t any_port = loopback(0);
  CHECK_ERRNO(sock_bind(a, &any_port), 0);
  CHECK_ERRNO(sock_bind(b, &any_port), 0);
  __wasi_fdstat_t stat;
  CHECK(__wasi_fd_fdstat_get((__wasi_fd_t)a, &stat) == 0 && stat.fs_filetype == __WASI_FILETYPE_SOCKET_DGRAM);
  const address_t to = loopback(port_of(b));
  const piece_t pieces[2] = {{"data", 4}, {"gram", 4}};
  uint32_t size = 0;
  CHECK_ERRNO(sock_send_to(a, pieces, 2, 0, &to, &size), 0);
  CHECK(size == 8);
  char first[3], rest[16];
  const piece_t into[2] = {{first, 3}, {rest, 16}};
  address_t from;
  CHECK_ERRNO(sock_recv_from(b, into, 2, 0, &from, &size), 0);
  CHECK(size == 8 && memcmp(first, "dat", 3) == 0 && memcmp(rest, "agram", 5) == 0);
  CHECK(from.kind == kIpv4 && from.v4.port == port_of(a));
  // What does not fit is cut off, and said to be.
  CHECK_ERRNO(sock_send_to(a, pieces, 2, 0, &to, &size), 0);
  uint16_t flags = 0;
  CHECK_ERRNO(sock_recv_raw(b, into, 1, 0, &size, &flags), 0);
  CHECK(size == 3 && flags == __WASI_ROFLAGS_RECV_DATA_TRUNCATED);
  // An empty datagram is one.
  CHECK_ERRNO(sock_send_to(a, pieces, 0, 0, &to, &size), 0);
  CHECK_ERRNO(sock_recv_from(b, into, 2, 0, &from, &size), 0);
  CHECK(size == 0 && from.v4.port == port_of(a));
  static char large[70000];
  const piece_t too_large = {large, sizeof large};
  CHECK_ERRNO(sock_send_to(a, &too_large, 1, 0, &to, &size), EMSGSIZE);
  const piece_t largest = {large, 65507};
  CHECK_ERRNO(sock_send_to(a, &largest, 1, 0, &to, &size), 0);
  const piece_t room = {large, sizeof large};
  CHECK_ERRNO(sock_recv_from(b, &room, 1, 0, &from, &size), 0);
  CHECK(size == 65507);
}

static void non_blocking(void) {
  const int listener = first_listener();
  CHECK(fcntl(listener, F_SETFL, O_NONBLOCK) == 0);
  CHECK(accept(listener, NULL, NULL) == -1 && errno == EAGAIN);
  struct pollfd polled = {.fd = listener, .events = POLLIN, .revents = 0};
  CHECK(poll(&polled, 1, 10) == 0);
  const int client = open_socket(kIpv4, kStream);
  const address_t to = loopback(port_of(listener));
  CHECK_ERRNO(sock_connect(client, &to), 0);
  CHECK(poll(&polled, 1, 5000) == 1 && polled.revents == POLLIN);
  int32_t server = -1;
  CHECK_ERRNO(sock_accept_raw(listener, __WASI_FDFLAGS_NONBLOCK, &server), 0);
  char c;
  CHECK(recv(server, &c, 1, 0) == -1 && errno == EAGAIN);
  // Until the buffers are full.
  static char block[1 << 20];
  ssize_t sent = 0;
  for (int i = 0; i < 1000 && sent >= 0; ++i) sent = send(server, block, sizeof block, 0);
  CHECK(sent == -1 && errno == EAGAIN);
  CHECK_ERRNO(sock_set_recv_timeout(client, 20000), 0);
  CHECK(fcntl(client, F_SETFL, 0) == 0);
}

// Several subscriptions at once: two sockets, standard input, a file, a clock.
static void poll_many(void) {
  const int listener = first_listener();
  const int client = open_socket(kIpv4, kStream);
  const address_t to = loopback(port_of(listener));
  CHECK_ERRNO(sock_connect(client, &to), 0);
  const int server = accept(listener, NULL, NULL);
  CHECK(server >= 0);
  struct pollfd polled[3] = {{.fd = client, .events = POLLIN | POLLOUT, .revents = 0},
                             {.fd = server, .events = POLLIN, .revents = 0},
                             {.fd = 0, .events = POLLIN, .revents = 0}};
  CHECK(poll(polled, 3, 0) == 1 && polled[0].revents == POLLOUT && polled[1].revents == 0);
  CHECK(send(client, "12345", 5, 0) == 5);

  __wasi_subscription_t in[4];
  __wasi_event_t out[4];
  memset(in, 0, sizeof in);
  in[0].userdata = 10;
  in[0].u.tag = __WASI_EVENTTYPE_FD_READ;
  in[0].u.u.fd_read.file_descriptor = (__wasi_fd_t)server;
  in[1].userdata = 11;
  in[1].u.tag = __WASI_EVENTTYPE_CLOCK;
  in[1].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  in[1].u.u.clock.timeout = 5000000000;
  in[2].userdata = 12;
  in[2].u.tag = __WASI_EVENTTYPE_FD_WRITE;
  in[2].u.u.fd_write.file_descriptor = (__wasi_fd_t)server;
  in[3].userdata = 13;
  in[3].u.tag = __WASI_EVENTTYPE_FD_READ;
  in[3].u.u.fd_read.file_descriptor = 999;
  __wasi_size_t count = 0;
  CHECK_ERRNO(__wasi_poll_oneoff(in, out, 3, &count), 0);
  CHECK(count == 2);
  for (unsigned i = 0; i < count; ++i) {
    CHECK(out[i].error == 0 && (out[i].userdata == 10 || out[i].userdata == 12));
    if (out[i].userdata == 10) CHECK(out[i].fd_readwrite.nbytes == 5);
  }
  // A descriptor that is not open is an event, not the end of the call.
  CHECK_ERRNO(__wasi_poll_oneoff(in, out, 4, &count), 0);
  CHECK(count == 3);
  // A clock in the past, absolutely, is ready at once; alone it does not hide the socket.
  in[1].u.u.clock.timeout = 1;
  in[1].u.u.clock.flags = __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
  CHECK_ERRNO(__wasi_poll_oneoff(in, out, 2, &count), 0);
  CHECK(count == 2);
  // The other end is gone: ready to read, hung up, nothing to read after what was sent.
  CHECK(close(client) == 0);
  char buffer[8];
  CHECK(recv(server, buffer, sizeof buffer, 0) == 5);
  CHECK_ERRNO(__wasi_poll_oneoff(in, out, 1, &count), 0);
  CHECK(count == 1 && out[0].fd_readwrite.nbytes == 0);
  CHECK(recv(server, buffer, sizeof buffer, 0) == 0);
  CHECK(shutdown(server, SHUT_WR) == 0);
  CHECK_ERRNO(__wasi_poll_oneoff(in, out, 1, &count), 0);
  CHECK(count == 1 && (out[0].fd_readwrite.flags & __WASI_EVENTRWFLAGS_FD_READWRITE_HANGUP) != 0);
}

static void rights(void) {
  const int listener = first_listener();
  __wasi_fdstat_t stat;
  CHECK(__wasi_fd_fdstat_get((__wasi_fd_t)listener, &stat) == 0);
  CHECK((stat.fs_rights_base & __WASI_RIGHTS_SOCK_ACCEPT) != 0);
  CHECK((stat.fs_rights_base & (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK)) == 0);
  CHECK((stat.fs_rights_inheriting & __WASI_RIGHTS_FD_READ) != 0);
  char c;
  CHECK(recv(listener, &c, 1, 0) == -1 && errno == EBADF);
  CHECK(recv(0, &c, 1, 0) == -1 && errno == ENOTSOCK);
  CHECK(accept(999, NULL, NULL) == -1 && errno == EBADF);
  int32_t accepted = -1;
  CHECK_ERRNO(sock_accept_raw(listener, 0x20, &accepted), EINVAL);
  CHECK_ERRNO(sock_shutdown_raw(listener, 3), ENOTCAPABLE);
  CHECK(lseek(listener, 0, SEEK_SET) == -1 && errno == ESPIPE);
  const int fresh = open_socket(kIpv4, kStream);
  CHECK_ERRNO(sock_shutdown_raw(fresh, 0), EINVAL);
  CHECK_ERRNO(sock_shutdown_raw(fresh, 4), EINVAL);
  CHECK_ERRNO(sock_shutdown_raw(fresh, 3), ENOTCONN);
  CHECK(send(fresh, "x", 1, 0) == -1 && (errno == ENOTCONN || errno == EPIPE));
  CHECK(__wasi_fd_fdstat_set_rights((__wasi_fd_t)listener, stat.fs_rights_base & ~__WASI_RIGHTS_SOCK_ACCEPT,
                                    0) == 0);
  CHECK_ERRNO(sock_accept_raw(listener, 0, &accepted), ENOTCAPABLE);
  int32_t fd;
  CHECK_ERRNO(sock_open(-1, kUnspecified, kStream, &fd), EAFNOSUPPORT);
  CHECK_ERRNO(sock_open(-1, kIpv4, 2, &fd), EINVAL);
}

// Each address is refused before the host hears of it. Arguments: what connect yields for 127.0.0.1 at the two ports that follow.
static void refused(void) {
  const int fd = open_socket(kIpv4, kStream);
  const int fd6 = open_socket(kIpv6, kStream);
  for (int i = 0; arguments[i] != NULL; i += 2) {
    const address_t to = loopback(port_argument(i));
    const address_t mapped = {.kind = kIpv6, .v6 = {{0, 0, 0, 0, 0, 0xffff, 0x7f00, 1}, port_argument(i)}};
    const int expected = strcmp(arguments[i + 1], "acces") == 0 ? EACCES : ECONNREFUSED;
    CHECK_ERRNO(sock_connect(fd, &to), expected);
    // The same address by its other name is judged the same.
    if (expected == EACCES) CHECK_ERRNO(sock_connect(fd6, &mapped), EACCES);
  }
  address_t other = v4(192, 0, 2, 1, 80);
  CHECK_ERRNO(sock_connect(fd, &other), EACCES);
  address_t v6 = loopback6(80);
  CHECK_ERRNO(sock_connect(fd6, &v6), EACCES);
  CHECK_ERRNO(sock_connect(fd, &v6), EAFNOSUPPORT);
  address_t none = {.kind = 7};
  CHECK_ERRNO(sock_connect(fd, &none), EAFNOSUPPORT);
  const address_t here = loopback(0);
  CHECK_ERRNO(sock_bind(fd, &here), EACCES);
  CHECK_ERRNO(sock_listen(fd, 1), EACCES);
  const int datagrams = open_socket(kIpv4, kDatagram);
  const piece_t piece = {"x", 1};
  uint32_t size;
  CHECK_ERRNO(sock_send_to(datagrams, &piece, 1, 0, &other, &size), EACCES);
  const ip_address_t group = {.kind = kIpv4, .v4 = {224, 0, 0, 251}};
  CHECK_ERRNO(sock_set_ip_add_membership(datagrams, &group, 0), EACCES);
}

static void closed(void) {
  int32_t fd = -1;
  CHECK_ERRNO(sock_open(-1, kIpv4, kStream, &fd), EACCES);
  CHECK_ERRNO(sock_open(-1, kIpv6, kDatagram, &fd), EACCES);
  address_info_t info;
  uint32_t count;
  CHECK_ERRNO(sock_addr_resolve("localhost", "80", NULL, &info, 1, &count), EACCES);
}

static void options(void) {
  const int fd = open_socket(kIpv4, kStream);
  const int fd6 = open_socket(kIpv6, kStream);
  const int datagrams = open_socket(kIpv4, kDatagram);
  uint8_t flag = 7;
#define TOGGLES(where, name)                     \
  CHECK_ERRNO(sock_set_##name(where, 1), 0);     \
  CHECK_ERRNO(sock_get_##name(where, &flag), 0); \
  CHECK(flag == 1);                              \
  CHECK_ERRNO(sock_set_##name(where, 0), 0);     \
  CHECK_ERRNO(sock_get_##name(where, &flag), 0); \
  CHECK(flag == 0)
  TOGGLES(datagrams, broadcast);
  TOGGLES(fd, keep_alive);
  TOGGLES(fd, reuse_addr);
  TOGGLES(fd, reuse_port);
  TOGGLES(fd, tcp_no_delay);
  TOGGLES(fd, tcp_quick_ack);
  TOGGLES(fd, tcp_fastopen_connect);
  CHECK_ERRNO(sock_get_ipv6_only(fd6, &flag), 0);
  CHECK(flag == 1);
  TOGGLES(fd6, ipv6_only);
  CHECK_ERRNO(sock_set_ip_ttl(fd, 9), 0);
  CHECK_ERRNO(sock_get_ip_ttl(fd, &flag), 0);
  CHECK(flag == 9);
  CHECK_ERRNO(sock_set_ip_multicast_ttl(datagrams, 3), 0);
  CHECK_ERRNO(sock_get_ip_multicast_ttl(datagrams, &flag), 0);
  CHECK(flag == 3);
  CHECK_ERRNO(sock_set_ip_multicast_loop(datagrams, 0, 0), 0);
  CHECK_ERRNO(sock_get_ip_multicast_loop(datagrams, 0, &flag), 0);
  CHECK(flag == 0);
  uint32_t number = 0;
  CHECK_ERRNO(sock_set_tcp_keep_idle(fd, 77), 0);
  CHECK_ERRNO(sock_get_tcp_keep_idle(fd, &number), 0);
  CHECK(number == 77);
  CHECK_ERRNO(sock_set_tcp_keep_intvl(fd, 5), 0);
  CHECK_ERRNO(sock_get_tcp_keep_intvl(fd, &number), 0);
  CHECK(number == 5);
  CHECK_ERRNO(sock_set_recv_buf_size(fd, 32768), 0);
  CHECK_ERRNO(sock_get_recv_buf_size(fd, &number), 0);
  CHECK(number >= 32768);
  CHECK_ERRNO(sock_set_send_buf_size(fd, 32768), 0);
  CHECK_ERRNO(sock_get_send_buf_size(fd, &number), 0);
  CHECK(number >= 32768);
  uint64_t time = 0;
  CHECK_ERRNO(sock_set_recv_timeout(fd, 1500000), 0);
  CHECK_ERRNO(sock_get_recv_timeout(fd, &time), 0);
  CHECK(time >= 1500000 && time < 1600000);
  CHECK_ERRNO(sock_set_send_timeout(fd, 2000000), 0);
  CHECK_ERRNO(sock_get_send_timeout(fd, &time), 0);
  CHECK(time == 2000000);
  int32_t seconds = -1;
  CHECK_ERRNO(sock_set_linger(fd, 1, 4), 0);
  CHECK_ERRNO(sock_get_linger(fd, &flag, &seconds), 0);
  CHECK(flag == 1 && seconds == 4);
  CHECK_ERRNO(sock_set_linger(fd, 0, 0), 0);
  CHECK_ERRNO(sock_get_linger(fd, &flag, &seconds), 0);
  CHECK(flag == 0 && seconds == 0);
  CHECK_ERRNO(sock_set_keep_alive(0, 1), ENOTSOCK);
}

static void receive_times_out(void) {
  const int fd = open_socket(kIpv4, kDatagram);
  const address_t here = loopback(0);
  CHECK_ERRNO(sock_bind(fd, &here), 0);
  CHECK_ERRNO(sock_set_recv_timeout(fd, 30000), 0);
  char c;
  CHECK(recv(fd, &c, 1, 0) == -1 && errno == EAGAIN);
}

// Argument: port at which "localhost" may be reached, and listens.
static void resolve(void) {
  address_info_t infos[8];
  uint32_t count = 0;
  const hints_t hints = {.type = kStream, .family = kIpv4, .enabled = 1};
  CHECK_ERRNO(sock_addr_resolve("localhost", arguments[0], &hints, infos, 8, &count), 0);
  CHECK(count == 1 && infos[0].type == kStream && infos[0].address.kind == kIpv4);
  CHECK(infos[0].address.v4.bytes[0] == 127 && infos[0].address.v4.port == port_argument(0));
  const int fd = open_socket(kIpv4, kStream);
  CHECK_ERRNO(sock_connect(fd, &infos[0].address), 0);
  // Its other ports, and other names of the same address, are not what was allowed.
  const int other = open_socket(kIpv4, kStream);
  const address_t wrong_port = loopback((uint16_t)(port_argument(0) - 1));
  CHECK_ERRNO(sock_connect(other, &wrong_port), EACCES);
  const address_t wrong_address = v4(127, 0, 0, 2, port_argument(0));
  CHECK_ERRNO(sock_connect(other, &wrong_address), EACCES);
  CHECK_ERRNO(sock_addr_resolve("example.org", "80", &hints, infos, 8, &count), EACCES);
  CHECK_ERRNO(sock_addr_resolve("127.1", "80", &hints, infos, 8, &count), ENOENT);
  CHECK_ERRNO(sock_addr_resolve("", "80", &hints, infos, 8, &count), EINVAL);
  CHECK_ERRNO(sock_addr_resolve("localhost", "gopher", &hints, infos, 8, &count), ENOENT);
  CHECK_ERRNO(sock_addr_resolve("localhost", "70000", &hints, infos, 8, &count), ENOENT);
  // An address is its own answer, for which nobody is asked; the count tells what would have fitted.
  CHECK_ERRNO(sock_addr_resolve("10.1.2.3", "https", NULL, infos, 1, &count), 0);
  CHECK(count == 2 && infos[0].address.v4.port == 443 && infos[0].address.v4.bytes[3] == 3);
  const hints_t v6 = {.type = kDatagram, .family = kIpv6, .enabled = 1};
  CHECK_ERRNO(sock_addr_resolve("fd00::12:3", "domain", &v6, infos, 8, &count), 0);
  CHECK(count == 1 && infos[0].type == kDatagram && infos[0].address.v6.groups[0] == 0xfd00);
  CHECK(infos[0].address.v6.groups[6] == 0x12 && infos[0].address.v6.port == 53);
}

// Before a name was resolved, its rule admits nothing. Argument: the port.
static void unresolved(void) {
  const int fd = open_socket(kIpv4, kStream);
  const address_t to = loopback(port_argument(0));
  CHECK_ERRNO(sock_connect(fd, &to), EACCES);
}

// Argument: port of a peer that sends 100 MB and then reads them back. Prints their FNV-1a.
static void large(void) {
  const int fd = open_socket(kIpv4, kStream);
  const address_t to = loopback(port_argument(0));
  CHECK_ERRNO(sock_connect(fd, &to), 0);
  enum { kTotal = 100 * 1000 * 1000 };
  char* data = malloc(kTotal);
  CHECK(data != NULL);
  // One call that is larger than any buffer between, then small ones.
  CHECK(recv(fd, data, 5000000, MSG_WAITALL) == 5000000);
  for (size_t done = 5000000; done < kTotal;) {
    const ssize_t got = recv(fd, data + done, kTotal - done, 0);
    CHECK(got > 0);
    done += (size_t)got;
  }
  unsigned sum = 2166136261U;
  for (size_t i = 0; i < kTotal; ++i) sum = (sum ^ (unsigned char)data[i]) * 16777619U;
  CHECK(send(fd, data, kTotal, 0) == kTotal);
  printf("%u\n", sum);
}

// Argument: port of a peer that closes without reading.
static void reset(void) {
  const int fd = open_socket(kIpv4, kStream);
  const address_t to = loopback(port_argument(0));
  CHECK_ERRNO(sock_connect(fd, &to), 0);
  static char block[65536];
  int failed = 0;
  for (int i = 0; i < 1000 && !failed; ++i) failed = send(fd, block, sizeof block, 0) < 0;
  CHECK(failed && (errno == ECONNRESET || errno == EPIPE));
}

// As many connections as there are descriptors for, and an errno when there are no more. Runs with few of them.
static void many(void) {
  const int listener = first_listener();
  const address_t to = loopback(port_of(listener));
  int last = 0;
  int pairs = 0;
  for (; pairs < 100000; ++pairs) {
    int32_t client = -1;
    last = sock_open(-1, kIpv4, kStream, &client);
    if (last != 0) break;
    CHECK_ERRNO(sock_connect(client, &to), 0);
    int32_t server = -1;
    last = sock_accept_raw(listener, 0, &server);
    if (last != 0) break;
  }
  CHECK(pairs > 20);
  CHECK(last == EMFILE);
}

// One listener of each kind that run.py hands over. Argument: how many.
static void inherited(void) {
  int sockets = 0;
  for (int fd = 3;; ++fd) {
    __wasi_fdstat_t stat;
    if (__wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat) != 0) break;
    if (stat.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM || stat.fs_filetype == __WASI_FILETYPE_SOCKET_DGRAM)
      ++sockets;
  }
  CHECK(sockets == atoi(arguments[0]));
  char buffer[8];
  const int fd = first_listener();
  CHECK(recv(fd, buffer, sizeof buffer, 0) == 4 && memcmp(buffer, "ping", 4) == 0);
  CHECK(send(fd, "pong", 4, 0) == 4);
}

static void multicast(void) {
  const int fd = open_socket(kIpv4, kDatagram);
  const ip_address_t group = {.kind = kIpv4, .v4 = {224, 0, 0, 251}};
  CHECK_ERRNO(sock_set_ip_add_membership(fd, &group, 0x7f000001), 0);
  CHECK_ERRNO(sock_set_ip_drop_membership(fd, &group, 0x7f000001), 0);
  const ip_address_t other = {.kind = kIpv4, .v4 = {225, 0, 0, 1}};
  CHECK_ERRNO(sock_set_ip_add_membership(fd, &other, 0), EACCES);
}

// [::] of a socket that takes IPv4 too needs 0.0.0.0 as well. Argument: a free port that only [::] may be listened on.
static void dual(void) {
  const int fd = open_socket(kIpv6, kStream);
  const address_t any = {.kind = kIpv6, .v6 = {{0}, port_argument(0)}};
  CHECK_ERRNO(sock_set_ipv6_only(fd, 0), 0);
  CHECK_ERRNO(sock_bind(fd, &any), EACCES);
  CHECK_ERRNO(sock_set_ipv6_only(fd, 1), 0);
  CHECK_ERRNO(sock_bind(fd, &any), 0);
  CHECK_ERRNO(sock_listen(fd, 1), 0);
}

int main(int argc, const char** argv) {
  static const struct {
    const char* name;
    void (*run)(void);
  } cases[] = {{"tcp", tcp},
               {"tcp6", tcp6},
               {"udp", udp},
               {"non_blocking", non_blocking},
               {"poll_many", poll_many},
               {"rights", rights},
               {"refused", refused},
               {"options", options},
               {"receive_times_out", receive_times_out},
               {"resolve", resolve},
               {"unresolved", unresolved},
               {"large", large},
               {"reset", reset},
               {"many", many},
               {"inherited", inherited},
               {"multicast", multicast},
               {"dual", dual},
               {"closed", closed}};
  arguments = argv + 2;
  for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(argv[1], cases[i].name) != 0) continue;
    cases[i].run();
    puts("ok");
    return 0;
  }
  puts("no such case");
  return 2;
}
