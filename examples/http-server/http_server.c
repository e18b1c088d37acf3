// An HTTP/1.1 server of files, on a socket that was opened for it.
//
//   twine run --listen 127.0.0.1:8080 --dir site::/site:ro http-server.wasm /site [SECONDS]
//   http-server-native 8080 site [SECONDS]                   the same source, natively
//
// GET and HEAD (RFC 9110, 9112) with keep-alive and pipelining; 400 for what is no request, 404 for what is not there or leads out of
// the directory, 405 for other methods, 431 for a request that does not fit. Ends after SECONDS (60). One loop around poll(2) serves
// all; nobody blocks.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "listener.h"

enum { kMaxClients = 1024, kRequestSize = 8192, kResponseSize = 65536, kPathSize = 1024 };

struct Client {
  size_t received;  // bytes in `request`
  char request[kRequestSize];
  size_t sent, filled;  // of `response`
  char response[kResponseSize];
  int file;         // what follows the response's buffer; -1: nothing
  off_t file_left;  // bytes of it
  int ends;         // the connection closes after this response
  int drains;  // it is shut down for sending, and what still comes is thrown away: closing earlier could reset it
};

static struct pollfd polled[1 + kMaxClients];  // the listener, then a client each
static struct Client* clients[1 + kMaxClients];
static int count = 1;
static const char* root;

static void add_client(int fd) {
  struct Client* client = count <= kMaxClients ? malloc(sizeof *client) : NULL;
  if (client == NULL) {
    close(fd);
    return;
  }
  client->received = client->sent = client->filled = 0;
  client->file = -1;
  client->ends = client->drains = 0;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  polled[count] = (struct pollfd){.fd = fd, .events = POLLIN, .revents = 0};
  clients[count++] = client;
}

static void remove_client(int i) {
  if (clients[i]->file >= 0) close(clients[i]->file);
  close(polled[i].fd);
  free(clients[i]);
  polled[i] = polled[--count];
  clients[i] = clients[count];
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static int is_parent(const char* part, size_t length) {
  return length == 2 && part[0] == '.' && part[1] == '.';
}

// The path of a request target, decoded, beneath the root. 0: it is malformed, or has a part "..".
static int file_path(const char* target, size_t length, char* path) {
  const int written = snprintf(path, kPathSize, "%s", root);
  if (written < 0 || written >= kPathSize || length == 0 || target[0] != '/') return 0;
  size_t end = (size_t)written;
  size_t part = end;  // where the present part of the path begins
  for (size_t i = 0; i < length && target[i] != '?'; ++i) {
    char c = target[i];
    if (c == '%') {
      if (i + 2 >= length) return 0;
      const int high = hex_digit(target[i + 1]);
      const int low = hex_digit(target[i + 2]);
      if (high < 0 || low < 0) return 0;
      c = (char)(high * 16 + low);
      i += 2;
    }
    if (c == '\0' || end + 12 >= kPathSize) return 0;
    if (c == '/' && is_parent(path + part, end - part)) return 0;
    path[end++] = c;
    if (c == '/') part = end;
  }
  if (is_parent(path + part, end - part)) return 0;
  path[end] = '\0';
  if (path[end - 1] == '/') memcpy(path + end, "index.html", sizeof "index.html");
  return 1;
}

static const char* content_type(const char* path) {
  static const struct {
    const char *suffix, *type;
  } types[] = {{".html", "text/html; charset=utf-8"},
               {".css", "text/css"},
               {".js", "text/javascript"},
               {".json", "application/json"},
               {".txt", "text/plain; charset=utf-8"},
               {".png", "image/png"},
               {".svg", "image/svg+xml"}};
  const size_t length = strlen(path);
  for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
    const size_t suffix = strlen(types[i].suffix);
    if (length >= suffix && strcmp(path + length - suffix, types[i].suffix) == 0) return types[i].type;
  }
  return "application/octet-stream";
}

static void respond(struct Client* client, int status, const char* reason, const char* type, off_t length) {
  const int written = snprintf(client->response, sizeof client->response,
                               "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\n%s\r\n", status,
                               reason, type, (long long)length, client->ends ? "Connection: close\r\n" : "");
  client->sent = 0;
  client->filled = (size_t)written;
}

static void refuse(struct Client* client, int status, const char* reason) {
  if (status != 404) client->ends = 1;
  respond(client, status, reason, "text/plain", 0);
}

// More of the file behind what is in the buffer.
static void fill(struct Client* client) {
  while (client->file >= 0 && client->filled < sizeof client->response) {
    size_t room = sizeof client->response - client->filled;
    if ((off_t)room > client->file_left) room = (size_t)client->file_left;
    const ssize_t got = room != 0 ? read(client->file, client->response + client->filled, room) : 0;
    if (got > 0) {
      client->filled += (size_t)got;
      client->file_left -= got;
    }
    if (client->file_left == 0 || got <= 0) {
      if (client->file_left != 0) client->ends = 1;  // shorter than was said: only closing tells the client
      close(client->file);
      client->file = -1;
    }
  }
}

static void serve_file(struct Client* client, const char* path, int with_body) {
  struct stat status;
  const int file = open(path, O_RDONLY);
  if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (file >= 0) close(file);
    refuse(client, 404, "Not Found");
    return;
  }
  respond(client, 200, "OK", content_type(path), status.st_size);
  if (!with_body) {
    close(file);
    return;
  }
  client->file = file;
  client->file_left = status.st_size;
  fill(client);
}

// The value of a header field in the `length` bytes of lines at `fields`, or NULL.
static const char* field(const char* fields, size_t length, const char* name) {
  const size_t name_length = strlen(name);
  for (const char *line = fields, *end = fields + length; line < end;) {
    const char* line_end = memchr(line, '\n', (size_t)(end - line));
    if (line_end == NULL) return NULL;
    if ((size_t)(line_end - line) > name_length && strncasecmp(line, name, name_length) == 0 &&
        line[name_length] == ':') {
      return line + name_length + 1 + strspn(line + name_length + 1, " \t");
    }
    line = line_end + 1;
  }
  return NULL;
}

// Answers one request of `length` bytes, the empty line included.
static void answer(struct Client* client, size_t length) {
  const char* text = client->request;
  const char* line_end = memchr(text, '\r', length);
  const char* method_end = memchr(text, ' ', length);
  const char* target = method_end != NULL ? method_end + 1 : NULL;
  const char* target_end =
      target != NULL && target < line_end ? memchr(target, ' ', (size_t)(line_end - target)) : NULL;
  const char* fields = line_end + 2;
  const size_t fields_length = length - (size_t)(fields - text);
  const int version_11 =
      target_end != NULL && line_end - target_end == 9 && memcmp(target_end, " HTTP/1.1", 9) == 0;
  const int version_10 =
      target_end != NULL && line_end - target_end == 9 && memcmp(target_end, " HTTP/1.0", 9) == 0;
  const char* connection = field(fields, fields_length, "Connection");
  const char* body = field(fields, fields_length, "Content-Length");
  client->ends = version_10 || (connection != NULL && strncasecmp(connection, "close", 5) == 0);
  if (!(version_11 || version_10) || method_end == text ||
      (version_11 && field(fields, fields_length, "Host") == NULL)) {
    refuse(client, 400, "Bad Request");
    return;
  }
  // A body would be taken for the next request.
  if (field(fields, fields_length, "Transfer-Encoding") != NULL || (body != NULL && body[0] != '0')) {
    refuse(client, 400, "Bad Request");
    return;
  }
  const size_t method_length = (size_t)(method_end - text);
  const int head = method_length == 4 && memcmp(text, "HEAD", 4) == 0;
  if (!head && !(method_length == 3 && memcmp(text, "GET", 3) == 0)) {
    refuse(client, 405, "Method Not Allowed");
    return;
  }
  char path[kPathSize];
  if (file_path(target, (size_t)(target_end - target), path)) {
    serve_file(client, path, !head);
  } else {
    refuse(client, 404, "Not Found");
  }
}

// Where the first request ends, or 0.
static size_t request_length(const struct Client* client) {
  for (size_t i = 3; i < client->received; ++i) {
    if (client->request[i] == '\n' && memcmp(client->request + i - 3, "\r\n\r", 3) == 0) return i + 1;
  }
  return 0;
}

// Until the other end has read its response and closes. 0: this connection is over.
static int drain(int fd, struct Client* client) {
  for (;;) {
    const ssize_t got = recv(fd, client->request, sizeof client->request, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return 0;
  }
}

// 0: this connection is over.
static int serve(int fd, struct Client* client) {
  if (client->drains) return drain(fd, client);
  for (;;) {
    while (client->sent < client->filled) {
      const ssize_t sent = send(fd, client->response + client->sent, client->filled - client->sent, 0);
      if (sent < 0) return errno == EAGAIN;
      client->sent += (size_t)sent;
      if (client->sent == client->filled && client->file >= 0) {
        client->sent = client->filled = 0;
        fill(client);
      }
    }
    if (client->ends && client->filled != 0) {
      if (shutdown(fd, SHUT_WR) != 0) return 0;
      client->sent = client->filled;
      client->drains = 1;
      return drain(fd, client);
    }
    client->sent = client->filled = 0;
    const size_t length = request_length(client);
    if (length != 0) {
      answer(client, length);
      memmove(client->request, client->request + length, client->received - length);
      client->received -= length;
      continue;
    }
    if (client->received == sizeof client->request) {
      refuse(client, 431, "Request Header Fields Too Large");
      continue;
    }
    const ssize_t got =
        recv(fd, client->request + client->received, sizeof client->request - client->received, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return 0;
    client->received += (size_t)got;
  }
}

int main(int argc, char** argv) {
  const int listener = open_listener(&argc, &argv);
  if (listener < 0 || argc < 2) {
    fputs("http-server: give a listening socket (--listen 127.0.0.1:8080) and the directory to serve\n",
          stderr);
    return 2;
  }
  root = argv[1];
  const long seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 60;
  fcntl(listener, F_SETFL, O_NONBLOCK);
  polled[0] = (struct pollfd){.fd = listener, .events = POLLIN, .revents = 0};

  for (const time_t end = time(NULL) + seconds; time(NULL) < end;) {
    if (poll(polled, (nfds_t)count, 1000) < 0) return 1;
    for (int i = count - 1; i > 0; --i) {
      if (polled[i].revents == 0) continue;
      if (serve(polled[i].fd, clients[i])) {
        polled[i].events = clients[i]->sent < clients[i]->filled ? POLLOUT : POLLIN;
      } else {
        remove_client(i);
      }
    }
    if (polled[0].revents != 0) {
      for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) add_client(fd);
    }
  }
  return 0;
}
