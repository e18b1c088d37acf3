// A directory stream goes back to its start, and to a place that telldir gave.
// file: a b"a"
// file: b b"b"
// file: c b"c"
#include <dirent.h>

#include "check.h"

static int remaining(DIR* directory) {
  int count = 0;
  while (readdir(directory)) ++count;
  return count;
}

int main(void) {
  DIR* directory = opendir(".");
  HOLDS(directory != NULL);
  const int all = remaining(directory);
  rewinddir(directory);
  HOLDS(remaining(directory) == all);
  rewinddir(directory);
  readdir(directory);
  readdir(directory);
  const long place = telldir(directory);
  const int after = remaining(directory);
  HOLDS(after == all - 2);
  seekdir(directory, place);
  HOLDS(remaining(directory) == after);
  SHOW(closedir(directory));
  return 0;
}
