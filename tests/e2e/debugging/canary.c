/* A guest with a secret, which it has from its arguments, environment, standard input and a file, and keeps in its stack, heap and
 * globals while it ends in the way that its last argument names. It prints nothing of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char global_secret[256];
static volatile unsigned sink;

__attribute__((noinline)) static unsigned descend(unsigned depth, const char* secret) {
  char frame[512];
  strncpy(frame, secret, sizeof frame - 1);
  sink += (unsigned char)frame[depth % 16];
  return descend(depth + 1, frame) + (unsigned char)frame[0];
}

int main(int argc, char** argv) {
  char line[256] = "";
  char content[256] = "";
  const char* variable = getenv("SECRET");
  FILE* file = fopen("/secret.txt", "r");
  if (argc < 3 || variable == NULL || file == NULL || fgets(line, sizeof line, stdin) == NULL ||
      fgets(content, sizeof content, file) == NULL) {
    return 99;
  }
  fclose(file);
  strncpy(global_secret, argv[1], sizeof global_secret - 1);
  char* heap = malloc(4096);
  snprintf(heap, 4096, "%s%s%s%s", argv[1], variable, line, content);
  unsigned number; /* the first bytes of the secret, as a number to trap with */
  memcpy(&number, argv[1], sizeof number);
  const char* end = argv[2];
  if (strcmp(end, "exit") == 0) return 3;
  if (strcmp(end, "abort") == 0) abort();
  if (strcmp(end, "address") == 0) *(volatile char*)(number | 0x40000000U) = heap[0];
  if (strcmp(end, "indirect") == 0) ((void (*)(void))(number | 0x40000000U))();
  if (strcmp(end, "stack") == 0) return (int)descend(0, heap);
  if (strcmp(end, "wait") == 0) {
    printf("waiting\n");
    fflush(stdout);
    sleep(60);
  }
  return 98;
}
