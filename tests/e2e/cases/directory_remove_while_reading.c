// A tree is removed while it is walked, as `rm -r` does.
// file: tree/a/x b"x"
// file: tree/a/y b"y"
// file: tree/b/c/z b"z"
// file: tree/top b"t"
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static int removed;

static void remove_tree(const char* path) {
  DIR* directory = opendir(path);
  if (!directory) return;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char child[256];
    snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
    struct stat status;
    if (lstat(child, &status) == 0 && S_ISDIR(status.st_mode)) {
      remove_tree(child);
    } else {
      removed += unlink(child) == 0;
    }
  }
  closedir(directory);
  removed += rmdir(path) == 0;
}

int main(void) {
  remove_tree("tree");
  printf("%d removed\n", removed);
  SHOW(access("tree", F_OK));
  return 0;
}
