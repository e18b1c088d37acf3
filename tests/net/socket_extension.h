// The socket extension as a guest imports it, for tests: the shapes that src/enclave/wasi/sock_layout.h describes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint32_t kind;  // 0 IPv4, 1 IPv6
  union {
    struct {
      uint8_t bytes[4];
      uint16_t port;
    } v4;
    struct {
      uint16_t groups[8];
      uint16_t port;
    } v6;
  };
} address_t;
_Static_assert(sizeof(address_t) == 24, "the extension's layout");

typedef struct {
  uint32_t kind;
  union {
    uint8_t v4[4];
    uint16_t v6[8];
  };
} ip_address_t;
_Static_assert(sizeof(ip_address_t) == 20, "the extension's layout");

typedef struct {
  address_t address;
  uint32_t type;
} address_info_t;
_Static_assert(sizeof(address_info_t) == 28, "the extension's layout");

typedef struct {
  uint32_t type, family;
  uint8_t enabled;
} hints_t;

typedef struct {
  const void* data;
  uint32_t size;
} piece_t;

enum { kIpv4 = 0, kIpv6 = 1, kUnspecified = 2, kDatagram = 0, kStream = 1 };

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
IMPORT(sock_open) int32_t sock_open(int32_t pool, int32_t family, int32_t type, int32_t* fd);
IMPORT(sock_bind) int32_t sock_bind(int32_t fd, const address_t* address);
IMPORT(sock_connect) int32_t sock_connect(int32_t fd, const address_t* address);
IMPORT(sock_listen) int32_t sock_listen(int32_t fd, int32_t backlog);
IMPORT(sock_accept) int32_t sock_accept_raw(int32_t fd, int32_t flags, int32_t* accepted);
IMPORT(sock_close) int32_t sock_close(int32_t fd);
IMPORT(sock_addr_local) int32_t sock_addr_local(int32_t fd, address_t* address);
IMPORT(sock_addr_remote) int32_t sock_addr_remote(int32_t fd, address_t* address);
IMPORT(sock_addr_resolve)
int32_t sock_addr_resolve(const char* host, const char* service, const hints_t* hints, address_info_t* infos,
                          uint32_t capacity, uint32_t* count);
IMPORT(sock_recv_from)
int32_t sock_recv_from(int32_t fd, const piece_t* pieces, uint32_t count, uint32_t flags, address_t* from,
                       uint32_t* size);
IMPORT(sock_send_to)
int32_t sock_send_to(int32_t fd, const piece_t* pieces, uint32_t count, uint32_t flags, const address_t* to,
                     uint32_t* size);
IMPORT(sock_shutdown) int32_t sock_shutdown_raw(int32_t fd, int32_t how);
IMPORT(sock_recv)
int32_t sock_recv_raw(int32_t fd, const piece_t* pieces, uint32_t count, uint32_t flags, uint32_t* size,
                      uint16_t* out_flags);
IMPORT(sock_send)
int32_t sock_send_raw(int32_t fd, const piece_t* pieces, uint32_t count, uint32_t flags, uint32_t* size);

#define BOOLEAN_OPTION(name)                                                   \
  IMPORT(sock_get_##name) int32_t sock_get_##name(int32_t fd, uint8_t* value); \
  IMPORT(sock_set_##name) int32_t sock_set_##name(int32_t fd, int32_t value)
#define NUMBER_OPTION(name)                                                     \
  IMPORT(sock_get_##name) int32_t sock_get_##name(int32_t fd, uint32_t* value); \
  IMPORT(sock_set_##name) int32_t sock_set_##name(int32_t fd, uint32_t value)
#define TIME_OPTION(name)                                                       \
  IMPORT(sock_get_##name) int32_t sock_get_##name(int32_t fd, uint64_t* value); \
  IMPORT(sock_set_##name) int32_t sock_set_##name(int32_t fd, uint64_t value)
BOOLEAN_OPTION(broadcast);
BOOLEAN_OPTION(keep_alive);
BOOLEAN_OPTION(reuse_addr);
BOOLEAN_OPTION(reuse_port);
BOOLEAN_OPTION(tcp_no_delay);
BOOLEAN_OPTION(tcp_quick_ack);
BOOLEAN_OPTION(tcp_fastopen_connect);
BOOLEAN_OPTION(ipv6_only);
BOOLEAN_OPTION(ip_ttl);
BOOLEAN_OPTION(ip_multicast_ttl);
NUMBER_OPTION(recv_buf_size);
NUMBER_OPTION(send_buf_size);
NUMBER_OPTION(tcp_keep_idle);
NUMBER_OPTION(tcp_keep_intvl);
TIME_OPTION(recv_timeout);
TIME_OPTION(send_timeout);
IMPORT(sock_get_linger) int32_t sock_get_linger(int32_t fd, uint8_t* enabled, int32_t* seconds);
IMPORT(sock_set_linger) int32_t sock_set_linger(int32_t fd, int32_t enabled, int32_t seconds);
IMPORT(sock_get_ip_multicast_loop)
int32_t sock_get_ip_multicast_loop(int32_t fd, int32_t ipv6, uint8_t* enabled);
IMPORT(sock_set_ip_multicast_loop)
int32_t sock_set_ip_multicast_loop(int32_t fd, int32_t ipv6, int32_t enabled);
IMPORT(sock_set_ip_add_membership)
int32_t sock_set_ip_add_membership(int32_t fd, const ip_address_t* group, uint32_t interface);
IMPORT(sock_set_ip_drop_membership)
int32_t sock_set_ip_drop_membership(int32_t fd, const ip_address_t* group, uint32_t interface);
