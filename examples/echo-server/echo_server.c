// A TCP echo server on a socket that was opened for it: what a client sends comes back, until it ends its side.
//
//   twine run --listen 127.0.0.1:7000 echo-server.wasm [SECONDS [CONNECTIONS]]
//   echo-server-native 7000 [SECONDS [CONNECTIONS]]          the same source, natively
//
// Ends after SECONDS (60), or after so many connections have ended (0, as by default: no matter how many). One loop around
// poll(2) serves all; nobody blocks.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../http-server/listener.h"

enum { kMaxClients = 512, kBufferSize = 16384 };

struct Client {
  size_t begin, end;  // of what is to be sent back, in `buffer`
  int read_ended;
  char buffer[kBufferSize];
};

static struct pollfd polled[1 + kMaxClients];  // the listener, then a client each
static struct Client* clients[1 + kMaxClients];
static int count = 1;

static void add_client(int fd) {
  struct Client* client = calloc(1, sizeof *client);
  if (client == NULL || count > kMaxClients) {
    free(client);
    close(fd);
    return;
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  polled[count] = (struct pollfd){.fd = fd, .events = POLLIN, .revents = 0};
  clients[count++] = client;
}

static void remove_client(int i) {
  close(polled[i].fd);
  free(clients[i]);
  polled[i] = polled[--count];
  clients[i] = clients[count];
}

// 0: this connection is over.
static int serve(int fd, struct Client* client) {
  if (client->begin == client->end && !client->read_ended) {
    const ssize_t got = recv(fd, client->buffer, sizeof client->buffer, 0);
    if (got < 0) return errno == EAGAIN;
    client->begin = 0;
    client->end = (size_t)got;
    client->read_ended = got == 0;
  }
  while (client->begin < client->end) {
    const ssize_t sent = send(fd, client->buffer + client->begin, client->end - client->begin, 0);
    if (sent < 0) return errno == EAGAIN;
    client->begin += (size_t)sent;
  }
  return !client->read_ended;
}

int main(int argc, char** argv) {
  const int listener = open_listener(&argc, &argv);
  const long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 60;
  const long connections = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
  if (listener < 0) {
    fputs("echo-server: there is no listening socket; give --listen 127.0.0.1:7000\n", stderr);
    return 2;
  }
  fcntl(listener, F_SETFL, O_NONBLOCK);
  polled[0] = (struct pollfd){.fd = listener, .events = POLLIN, .revents = 0};

  const time_t end = time(NULL) + seconds;
  for (long ended = 0; time(NULL) < end && (connections == 0 || ended < connections);) {
    if (poll(polled, (nfds_t)count, 1000) < 0) return 1;
    for (int i = count - 1; i > 0; --i) {
      if (polled[i].revents == 0) continue;
      if (!serve(polled[i].fd, clients[i])) {
        remove_client(i);
        ++ended;
        continue;
      }
      polled[i].events = clients[i]->begin < clients[i]->end ? POLLOUT : POLLIN;
    }
    if (polled[0].revents != 0) {
      for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) add_client(fd);
    }
  }
  return 0;
}
