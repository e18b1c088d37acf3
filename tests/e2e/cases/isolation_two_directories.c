// Two mapped directories are two worlds: nothing moves or climbs from one into the other, and each keeps its own rights.
// mount: a::/first
// mount: b::/second/place:ro
// file: a/x b"in a"
// file: b/y b"in b"
// file: c/z b"in neither"
// stdout: /first/x: in a
// stdout: /second/place/y: in b
// stdout: written in the first: done
// stdout: written in the second: refused
// stdout: moved across: refused
// stdout: linked across: refused
// stdout: /first/../second/place/y: refused
// stdout: /first/../b/y: refused
// stdout: /c/z: refused
// stdout: /x: refused
// stdout: x: refused
// stdout: /firstx: refused
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void show(const char* what, int result) {
  printf("%s: %s\n", what, result < 0 ? "refused" : "done");
}

static void show_file(const char* path) {
  char text[16] = {0};
  const int fd = open(path, O_RDONLY);
  if (fd >= 0) read(fd, text, sizeof text - 1);
  printf("%s: %s\n", path, fd < 0 ? "refused" : text);
}

int main(void) {
  show_file("/first/x");
  show_file("/second/place/y");
  show("written in the first", open("/first/new", O_WRONLY | O_CREAT, 0666));
  show("written in the second", open("/second/place/new", O_WRONLY | O_CREAT, 0666));
  show("moved across", rename("/first/x", "/second/place/x"));
  show("linked across", link("/second/place/y", "/first/y"));
  show_file("/first/../second/place/y");
  show_file("/first/../b/y");
  show_file("/c/z");
  show_file("/x");
  show_file("x");
  show_file("/firstx");
  return 0;
}
