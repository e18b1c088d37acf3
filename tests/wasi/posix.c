// POSIX calls on files and directories: the same natively and in Twine. See check.h.
#define _GNU_SOURCE
#include <sys/uio.h>
#include <time.h>

#include "check.h"

// ---------------------------------------------------------------- open

CHECK("Opening a file that is not there is ENOENT") {
  say("%s", opened(open("absent", O_RDONLY)));
}
CHECK("O_CREAT makes a file") {
  say("%s", opened(open("a", O_CREAT | O_WRONLY, 0666)));
}
CHECK("O_CREAT opens what is there, contents and all") {
  put("a", "kept");
  say("%s", opened(open("a", O_CREAT | O_WRONLY, 0666)));
  say_file("a");
}
CHECK("O_CREAT|O_EXCL of what is there is EEXIST") {
  put("a", "kept");
  say("%s", opened(open("a", O_CREAT | O_EXCL | O_WRONLY, 0666)));
}
CHECK("O_CREAT|O_EXCL does not follow a dangling link") {
  say("%s", told(symlink("absent", "link")));
  say("%s", opened(open("link", O_CREAT | O_EXCL | O_WRONLY, 0666)));
}
CHECK("O_CREAT makes what a dangling link names") {
  say("%s", told(symlink("made", "link")));
  say("%s", opened(open("link", O_CREAT | O_WRONLY, 0666)));
}
CHECK("O_TRUNC empties a file") {
  put("a", "gone");
  say("%s", opened(open("a", O_TRUNC | O_WRONLY)));
}
CHECK("O_TRUNC of a file that is not there is ENOENT") {
  say("%s", opened(open("a", O_TRUNC | O_WRONLY)));
}
CHECK("O_DIRECTORY of a file is ENOTDIR") {
  put("a", "");
  say("%s", opened(open("a", O_DIRECTORY | O_RDONLY)));
}
CHECK("O_DIRECTORY opens a directory") {
  say("%s", told(mkdir("d", 0777)));
  say("%s", opened(open("d", O_DIRECTORY | O_RDONLY)));
}
CHECK("Opening a directory for writing is EISDIR") {
  say("%s", told(mkdir("d", 0777)));
  say("%s", opened(open("d", O_WRONLY)));
  say("%s", opened(open("d", O_RDWR)));
}
CHECK("O_CREAT on a directory is EISDIR") {
  say("%s", told(mkdir("d", 0777)));
  say("%s", opened(open("d", O_CREAT | O_WRONLY, 0666)));
}
CHECK("O_NOFOLLOW of a symbolic link is ELOOP") {
  put("a", "x");
  say("%s", told(symlink("a", "link")));
  say("%s", opened(open("link", O_NOFOLLOW | O_RDONLY)));
}
CHECK("O_NOFOLLOW follows links before the last component") {
  say("%s", told(mkdir("d", 0777)));
  put("d/a", "x");
  say("%s", told(symlink("d", "link")));
  say("%s", opened(open("link/a", O_NOFOLLOW | O_RDONLY)));
}
CHECK("A link that leads to itself is ELOOP") {
  say("%s", told(symlink("loop", "loop")));
  say("%s", opened(open("loop", O_RDONLY)));
}
CHECK("Forty links in a row can be followed, forty-one cannot") {
  put("l0", "end");
  char name[16], target[16];
  for (int i = 1; i <= 41; ++i) {
    snprintf(name, sizeof name, "l%d", i);
    snprintf(target, sizeof target, "l%d", i - 1);
    if (symlink(target, name) != 0) say("%s", errno_name(errno));
  }
  say("%s %s", opened(open("l40", O_RDONLY)), opened(open("l41", O_RDONLY)));
}
CHECK("A file is no directory on the way to another") {
  put("a", "");
  say("%s", opened(open("a/b", O_RDONLY)));
  say("%s", opened(open("a/.", O_RDONLY)));
  say("%s", opened(open("a/..", O_RDONLY)));
}
CHECK("A slash behind a file is ENOTDIR") {
  put("a", "");
  say("%s", opened(open("a/", O_RDONLY)));
}
CHECK("Making a file with a slash behind its name is EISDIR") {
  say("%s", opened(open("a/", O_CREAT | O_WRONLY, 0666)));
}
CHECK("Slashes and dots between names mean nothing") {
  say("%s", told(mkdir("d", 0777)));
  put(".//d///./a", "x");
  say_file("d/./a");
}
CHECK("Climbing through a link starts at what it leads to") {
  say("%s %s %s", told(mkdir("d", 0777)), told(mkdir("d/e", 0777)), told(symlink("d/e", "link")));
  put("d/beside", "x");
  say("%s %s", opened(open("link/../beside", O_RDONLY)), opened(open("beside", O_RDONLY)));
}
CHECK("Climbing as far through a link as it led down stays inside") {
  say("%s %s %s", told(mkdir("d", 0777)), told(mkdir("d/e", 0777)), told(symlink("d/e", "link")));
  put("top", "x");
  say("%s", opened(open("link/../../top", O_RDONLY)));
  say("%s", told(mkdir("link/../../new", 0777)));
}
CHECK("A link whose contents climb and stay inside is followed") {
  say("%s %s", told(mkdir("d", 0777)), told(symlink("../a", "d/up")));
  put("a", "up there");
  say_file("d/up");
}
CHECK("A name of 255 bytes can be made, found and removed") {
  char name[300];
  memset(name, 'n', 255);
  name[255] = 0;
  put(name, "long");
  say_file(name);
  say("%s", told(rename(name, "short")));
}
CHECK("A name of 256 bytes is ENAMETOOLONG") {
  char name[300];
  memset(name, 'n', 256);
  name[256] = 0;
  say("%s", opened(open(name, O_CREAT | O_WRONLY, 0666)));
  say("%s %s", told(mkdir(name, 0777)), told(symlink("x", name)));
}
CHECK("Names may hold any character of UTF-8") {
  put("\xc3\xa4\xe2\x82\xac\xf0\x9f\xa6\x80", "x");
  put("with space\ttab\nnewline", "y");
  say_file("\xc3\xa4\xe2\x82\xac\xf0\x9f\xa6\x80");
}
CHECK("A tree of 60 directories can be walked to its end") {
  char path[400] = "d";
  for (int i = 0; i < 60; ++i) {
    if (mkdir(path, 0777) != 0) say("%s", errno_name(errno));
    strcat(path, "/d");
  }
  put(path, "deep");
  say_file(path);
}

// ---------------------------------------------------------------- read and write

CHECK("Reading at the end yields nothing") {
  char byte;
  const int fd = make("a", "abc");
  say("%s", told(read(fd, &byte, 1)));
}
CHECK("Reading a file that is open for writing is EBADF") {
  char byte;
  say("%s", told(read(open("a", O_CREAT | O_WRONLY, 0666), &byte, 1)));
}
CHECK("Writing a file that is open for reading is EBADF") {
  put("a", "");
  say("%s", told(write(open("a", O_RDONLY), "x", 1)));
}
CHECK("Reading a directory is EISDIR") {
  char byte;
  say("%s", told(read(open(".", O_RDONLY | O_DIRECTORY), &byte, 1)));
}
CHECK("Writing beyond the end leaves zeroes between") {
  const int fd = make("a", "ab");
  say("%s %s", told(lseek(fd, 6, SEEK_SET)), told(write(fd, "z", 1)));
  say_contents(fd);
}
CHECK("Seeking beyond the end does not make a file longer") {
  const int fd = make("a", "ab");
  say("%s", told(lseek(fd, 100, SEEK_SET)));
}
CHECK("Seeking before the start is EINVAL and moves nothing") {
  const int fd = make("a", "abc");
  say("%s %s %s", told(lseek(fd, -1, SEEK_SET)), told(lseek(fd, -4, SEEK_CUR)),
      told(lseek(fd, -4, SEEK_END)));
  say("%s", told(lseek(fd, 0, SEEK_CUR)));
}
CHECK("Seeking from the end counts from the size") {
  const int fd = make("a", "abcdef");
  say("%s %s %s", told(lseek(fd, -2, SEEK_END)), told(lseek(fd, 3, SEEK_END)), told(lseek(fd, 0, SEEK_END)));
}
CHECK("Seeking by an unknown whence is EINVAL") {
  say("%s", told(lseek(make("a", ""), 0, 9)));
}
CHECK("A position that overflows is EINVAL or EOVERFLOW, and moves nothing") {
  const int fd = make("a", "abc");
  const off_t moved = lseek(fd, 0x7fffffffffffffffLL, SEEK_CUR);
  say("%d %s", moved < 0, told(lseek(fd, 0, SEEK_CUR)));
}
CHECK("pread and pwrite leave the position alone") {
  char text[4] = {0};
  const int fd = make("a", "abcdef");
  say("%s %s %s", told(pread(fd, text, 3, 1)), told(pwrite(fd, "XY", 2, 4)), text);
  say("%s", told(lseek(fd, 0, SEEK_CUR)));
  say_contents(fd);
}
CHECK("pread beyond the end yields nothing, at a negative place EINVAL") {
  char byte;
  const int fd = make("a", "abc");
  say("%s %s", told(pread(fd, &byte, 1, 3)), told(pread(fd, &byte, 1, 1000)));
  say("%s %s", told(pread(fd, &byte, 1, -1)), told(pwrite(fd, "x", 1, -1)));
}
CHECK("Appending writes at the end wherever the position is") {
  put("a", "abc");
  const int fd = open("a", O_APPEND | O_RDWR);
  say("%s %s", told(lseek(fd, 0, SEEK_SET)), told(write(fd, "def", 3)));
  say("%s", told(lseek(fd, 0, SEEK_CUR)));
  say_contents(fd);
}
CHECK("Two descriptors that append never overwrite each other") {
  const int one = open("a", O_CREAT | O_APPEND | O_WRONLY, 0666);
  const int two = open("a", O_APPEND | O_WRONLY);
  for (int i = 0; i < 5; ++i) {
    if (write(one, "1", 1) != 1 || write(two, "22", 2) != 2) say("%s", errno_name(errno));
  }
  say_file("a");
}
CHECK("Two descriptors have two positions on one file") {
  char text[4] = {0};
  const int one = make("a", "abcdef");
  const int two = open("a", O_RDONLY);
  say("%s %s", told(read(two, text, 3)), text);
  say("%s %s", told(lseek(one, 0, SEEK_CUR)), told(lseek(two, 0, SEEK_CUR)));
}
CHECK("What one descriptor writes the other reads at once") {
  char text[4] = {0};
  const int one = make("a", "abcdef");
  const int two = open("a", O_RDONLY);
  say("%s", told(pwrite(one, "XYZ", 3, 0)));
  say("%s %s", told(read(two, text, 3)), text);
}
CHECK("O_APPEND can be set and taken away while a file is open") {
  const int fd = make("a", "abc");
  say("%s", told(lseek(fd, 0, SEEK_SET)));
  say("%s", told(fcntl(fd, F_SETFL, O_APPEND)));
  say("%s %d", told(write(fd, "d", 1)), (fcntl(fd, F_GETFL) & O_APPEND) != 0);
  say("%s %s", told(fcntl(fd, F_SETFL, 0)), told(lseek(fd, 0, SEEK_SET)));
  say("%s", told(write(fd, "A", 1)));
  say_contents(fd);
}
CHECK("O_NONBLOCK on a file changes nothing about reading it") {
  char text[4] = {0};
  put("a", "abc");
  const int fd = open("a", O_RDONLY | O_NONBLOCK);
  say("%s %s %d", told(read(fd, text, 3)), text, (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}
CHECK("O_SYNC and O_DSYNC files are written like others") {
  const int one = open("a", O_CREAT | O_WRONLY | O_SYNC, 0666);
  const int two = open("b", O_CREAT | O_WRONLY | O_DSYNC, 0666);
  say("%s %s", told(write(one, "abc", 3)), told(write(two, "de", 2)));
}
CHECK("readv fills its buffers in order") {
  char a[3] = {0}, b[4] = {0};
  const int fd = make("a", "abcdef");
  const struct iovec to[] = {{a, 2}, {NULL, 0}, {b, 3}};
  say("%s", told(lseek(fd, 0, SEEK_SET)));
  say("%s", told(readv(fd, to, 3)));
  say("%s %s", a, b);
}
CHECK("writev writes its buffers in order, the empty ones too") {
  const int fd = make("a", "");
  const struct iovec from[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  say("%s", told(writev(fd, from, 3)));
  say_contents(fd);
}
CHECK("Overlapping buffers of readv are filled one after the other") {
  char text[9] = "........";
  const int fd = make("a", "abcdef");
  const struct iovec to[] = {{text, 4}, {text + 2, 2}};
  say("%s", told(lseek(fd, 0, SEEK_SET)));
  say("%s %s", told(readv(fd, to, 2)), text);
}
CHECK("Writing one buffer twice writes it twice") {
  const int fd = make("a", "");
  char text[] = "ab";
  const struct iovec from[] = {{text, 2}, {text, 2}, {text + 1, 1}};
  say("%s", told(writev(fd, from, 3)));
  say_contents(fd);
}
CHECK("1024 buffers are written by one writev, 1025 are EINVAL") {
  static struct iovec from[1025];
  for (int i = 0; i < 1025; ++i) from[i] = (struct iovec){"x", 1};
  const int fd = make("a", "");
  say("%s", told(writev(fd, from, 1025)));
  say("%s", told(writev(fd, from, 1024)));
}
CHECK("Writing nothing is no error and changes nothing") {
  const int fd = make("a", "abc");
  say("%s %s", told(write(fd, "", 0)), told(pwrite(fd, "", 0, 100)));
}
CHECK("Three megabytes written at once are read back at once") {
  const size_t size = 3 << 20;
  unsigned char* const out = malloc(size);
  unsigned char* const in = calloc(size, 1);
  for (size_t i = 0; i < size; ++i) out[i] = (unsigned char)(i * 2654435761U >> 13);
  const int fd = make("a", "");
  say("%s %s", told(write(fd, out, size)), told(lseek(fd, 0, SEEK_SET)));
  say("%s %d", told(read(fd, in, size)), memcmp(in, out, size));
}
CHECK("A sparse file of 5 GiB has its size and its last byte") {
  char byte = 0;
  const int fd = make("a", "");
  const off_t far = 5LL << 30;
  say("%s", told(ftruncate(fd, far)));
  struct stat status;
  say("%s %lld", told(fstat(fd, &status)), (long long)status.st_size);
  say("%s %s %d", told(lseek(fd, -1, SEEK_END)), told(read(fd, &byte, 1)), byte);
  say("%s", told(ftruncate(fd, 3)));
}
CHECK("Bytes written beyond 4 GiB are found there") {
  char text[4] = {0};
  const int fd = make("a", "");
  const off_t far = (4LL << 30) + 5;
  say("%s", told(pwrite(fd, "far", 3, far)));
  say("%s %s %s", told(pread(fd, text, 3, far)), text, told(pread(fd, text, 3, 5)));
  say("%d %d", text[0], text[2]);
}

// ---------------------------------------------------------------- sizes, space, times

CHECK("Truncating cuts, lengthening fills with zeroes") {
  const int fd = make("a", "abcdef");
  say("%s %s", told(ftruncate(fd, 2)), told(ftruncate(fd, 5)));
  say_contents(fd);
}
CHECK("Truncating leaves the position beyond the end") {
  const int fd = make("a", "abcdef");
  say("%s %s %s", told(ftruncate(fd, 1)), told(lseek(fd, 0, SEEK_CUR)), told(write(fd, "z", 1)));
  say_contents(fd);
}
CHECK("Truncating to a negative size is EINVAL") {
  say("%s", told(ftruncate(make("a", "abc"), -1)));
}
CHECK("Truncating a file that is open for reading is EINVAL") {
  put("a", "abc");
  say("%s", told(ftruncate(open("a", O_RDONLY), 0)));
}
CHECK("truncate by name cuts; of a directory it is EISDIR") {
  put("a", "abc");
  say("%s %s", told(mkdir("d", 0777)), told(truncate("a", 1)));
  say("%s %s", told(truncate("d", 0)), told(truncate("absent", 0)));
}
CHECK("posix_fallocate makes a file as long as asked, never shorter") {
  const int fd = make("a", "abc");
  say("%d %d", posix_fallocate(fd, 0, 100), posix_fallocate(fd, 0, 10));
  say_contents(fd);
}
CHECK("posix_fallocate of nothing is EINVAL") {
  say("%s", errno_name(posix_fallocate(make("a", "abc"), 0, 0)));
}
CHECK("posix_fadvise accepts every advice and no other") {
  const int fd = make("a", "abc");
  for (int advice = 0; advice < 6; ++advice) say("%d", posix_fadvise(fd, 0, 100, advice));
  say("%s", errno_name(posix_fadvise(fd, 0, 0, 77)));
}
CHECK("fsync and fdatasync succeed on a file and on a directory") {
  const int fd = make("a", "abc");
  const int directory = open(".", O_RDONLY | O_DIRECTORY);
  say("%s %s %s", told(fsync(fd)), told(fdatasync(fd)), told(fsync(directory)));
}
static void say_times(const char* path) {
  struct stat status;
  if (lstat(path, &status) != 0) say("%s", errno_name(errno));
  const time_t now = time(NULL);
  const struct timespec times[] = {status.st_atim, status.st_mtim};
  for (int i = 0; i < 2; ++i) {
    const long long seconds = times[i].tv_sec;
    if (seconds > now - 3600 && seconds < now + 3600) {
      say("%s now", i ? "mtime" : "atime");
    } else {
      say("%s %lld.%09ld", i ? "mtime" : "atime", seconds, times[i].tv_nsec);
    }
  }
}
CHECK("futimens sets both times to the nanosecond") {
  const int fd = make("a", "abc");
  const struct timespec times[] = {{1000000001, 123456789}, {2000000002, 987654321}};
  say("%s", told(futimens(fd, times)));
  say_times("a");
}
CHECK("UTIME_OMIT keeps a time, UTIME_NOW takes the present one") {
  const int fd = make("a", "abc");
  const struct timespec start[] = {{1000, 1}, {2000, 2}};
  const struct timespec first[] = {{0, UTIME_OMIT}, {3000, 3}};
  // wasi-libc refuses both as the time of modification by itself; rules.c asks Twine.
  const struct timespec second[] = {{0, UTIME_NOW}, {4000, 4}};
  say("%s %s", told(futimens(fd, start)), told(futimens(fd, first)));
  say_times("a");
  say("%s", told(futimens(fd, second)));
  say_times("a");
}
CHECK("utimensat with AT_SYMLINK_NOFOLLOW touches the link, without it the file") {
  put("a", "abc");
  say("%s", told(symlink("a", "link")));
  const struct timespec one[] = {{1000, 0}, {1000, 0}};
  const struct timespec two[] = {{2000, 0}, {2000, 0}};
  say("%s %s", told(utimensat(AT_FDCWD, "link", one, AT_SYMLINK_NOFOLLOW)),
      told(utimensat(AT_FDCWD, "link", two, 0)));
  say_times("a");
  struct stat status;
  say("%s %lld", told(lstat("link", &status)), (long long)status.st_mtim.tv_sec);
}
CHECK("Times of a directory can be set") {
  say("%s", told(mkdir("d", 0777)));
  const struct timespec times[] = {{1000, 0}, {1000, 0}};
  say("%s", told(utimensat(AT_FDCWD, "d", times, 0)));
  say_times("d");
}
CHECK("Writing moves the time of modification to the present") {
  const int fd = make("a", "abc");
  const struct timespec times[] = {{1000, 0}, {1000, 0}};
  say("%s %s", told(futimens(fd, times)), told(write(fd, "d", 1)));
  close(fd);
  struct stat status;
  say("%s %d", told(stat("a", &status)), status.st_mtim.tv_sec > 1000000000);
}
CHECK("Making a name moves the time of its directory") {
  say("%s", told(mkdir("d", 0777)));
  const struct timespec times[] = {{1000, 0}, {1000, 0}};
  say("%s", told(utimensat(AT_FDCWD, "d", times, 0)));
  put("d/a", "");
  struct stat status;
  say("%s %d", told(stat("d", &status)), status.st_mtim.tv_sec > 1000000000);
}

// ---------------------------------------------------------------- stat

CHECK("stat tells files, directories and links apart") {
  struct stat file, directory, link;
  put("a", "abc");
  say("%s %s", told(mkdir("d", 0777)), told(symlink("a", "l")));
  say("%s %s %s", told(stat("a", &file)), told(stat("d", &directory)), told(lstat("l", &link)));
  say("%d %d %d", S_ISREG(file.st_mode), S_ISDIR(directory.st_mode), S_ISLNK(link.st_mode));
  say("%lld %lld", (long long)file.st_size, (long long)link.st_size);
}
CHECK("stat follows a link, lstat does not, and a dangling one is ENOENT") {
  struct stat status;
  say("%s", told(symlink("absent", "l")));
  say("%s %s", told(stat("l", &status)), told(lstat("l", &status)));
}
CHECK("A slash behind a link makes lstat follow it") {
  struct stat status;
  say("%s %s", told(mkdir("d", 0777)), told(symlink("d", "l")));
  say("%s %d", told(lstat("l/", &status)), S_ISDIR(status.st_mode));
}
CHECK("A file keeps its inode when it is renamed, and two files have two") {
  struct stat before, after, other;
  put("a", "");
  put("b", "");
  say("%s %s", told(stat("a", &before)), told(stat("b", &other)));
  say("%s %s", told(rename("a", "c")), told(stat("c", &after)));
  say("%d %d %d", before.st_ino == after.st_ino, before.st_ino == other.st_ino,
      before.st_dev == other.st_dev);
}
CHECK("access tells what is there from what is not") {
  put("a", "");
  say("%s %s %s", told(access("a", F_OK)), told(access("a", R_OK | W_OK)), told(access("absent", F_OK)));
}

// ---------------------------------------------------------------- names

CHECK("Renaming a file over another replaces it") {
  put("a", "new");
  put("b", "old");
  say("%s", told(rename("a", "b")));
  say_file("b");
}
CHECK("Renaming over an open file leaves the open one readable") {
  put("a", "new");
  const int fd = make("b", "old");
  say("%s", told(rename("a", "b")));
  say_contents(fd);
  say_file("b");
}
CHECK("Renaming an open file leaves it open") {
  const int fd = make("a", "abc");
  say("%s %s", told(rename("a", "b")), told(write(fd, "def", 3)));
  say_file("b");
}
CHECK("Renaming what is not there is ENOENT") {
  say("%s", told(rename("a", "b")));
}
CHECK("Renaming a file to itself changes nothing") {
  put("a", "abc");
  say("%s", told(rename("a", "a")));
}
CHECK("Renaming between two names of one file changes nothing") {
  put("a", "abc");
  say("%s %s", told(link("a", "b")), told(rename("a", "b")));
}
CHECK("Renaming a directory over an empty one replaces it") {
  say("%s %s", told(mkdir("a", 0777)), told(mkdir("b", 0777)));
  put("a/x", "");
  say("%s", told(rename("a", "b")));
}
CHECK("Renaming a directory over a full one is ENOTEMPTY") {
  say("%s %s", told(mkdir("a", 0777)), told(mkdir("b", 0777)));
  put("b/x", "");
  const int done = rename("a", "b");
  say("%d %d", done, errno == ENOTEMPTY || errno == EEXIST);
}
CHECK("Renaming a file over a directory is EISDIR, a directory over a file ENOTDIR") {
  put("a", "");
  say("%s", told(mkdir("d", 0777)));
  say("%s %s", told(rename("a", "d")), told(rename("d", "a")));
}
CHECK("Renaming a directory into itself is EINVAL") {
  say("%s %s", told(mkdir("a", 0777)), told(mkdir("a/b", 0777)));
  say("%s", told(rename("a", "a/b/c")));
}
CHECK("Renaming a directory over its own parent is ENOTEMPTY") {
  say("%s %s", told(mkdir("a", 0777)), told(mkdir("a/b", 0777)));
  say("%s", told(rename("a/b", "a")));
}
CHECK("Renaming a link moves the link, not the file") {
  put("a", "abc");
  say("%s %s", told(symlink("a", "l")), told(rename("l", "m")));
}
CHECK("Renaming to a name with a slash behind it is for directories") {
  put("a", "");
  say("%s", told(mkdir("d", 0777)));
  say("%s %s", told(rename("a", "b/")), told(rename("d", "e/")));
}
CHECK("Renaming a directory moves what is in it") {
  say("%s %s", told(mkdir("a", 0777)), told(mkdir("to", 0777)));
  put("a/x", "inside");
  say("%s", told(rename("a", "to/b")));
  say_file("to/b/x");
}
CHECK("Removing an open file leaves it readable and writable") {
  const int fd = make("a", "abc");
  struct stat status;
  say("%s %s", told(unlink("a")), told(write(fd, "def", 3)));
  say_contents(fd);
  say("%s %d", told(fstat(fd, &status)), (int)status.st_nlink);
}
CHECK("Removing a file of two names leaves the other") {
  put("a", "abc");
  say("%s %s", told(link("a", "b")), told(unlink("a")));
  say_file("b");
}
CHECK("Removing a link leaves what it leads to") {
  put("a", "abc");
  say("%s %s", told(symlink("a", "l")), told(unlink("l")));
}
CHECK("unlink of a directory is EISDIR, rmdir of a file ENOTDIR") {
  put("a", "");
  say("%s", told(mkdir("d", 0777)));
  say("%s %s", told(unlink("d")), told(rmdir("a")));
}
CHECK("rmdir of a full directory is ENOTEMPTY, of an empty one it works") {
  say("%s", told(mkdir("d", 0777)));
  put("d/a", "");
  say("%s %s %s", told(rmdir("d")), told(unlink("d/a")), told(rmdir("d")));
}
CHECK("rmdir of a link to a directory is ENOTDIR") {
  say("%s %s", told(mkdir("d", 0777)), told(symlink("d", "l")));
  say("%s %s", told(rmdir("l")), told(rmdir("l/")));
}
CHECK("rmdir of a path that ends in a dot is EINVAL, in two ENOTEMPTY") {
  say("%s %s", told(mkdir("d", 0777)), told(mkdir("d/e", 0777)));
  say("%s %s", told(rmdir("d/.")), told(rmdir("d/e/..")));
}
CHECK("unlink of a file with a slash behind it is ENOTDIR") {
  put("a", "");
  say("%s", told(unlink("a/")));
}
CHECK("mkdir of what is there is EEXIST, a link among it") {
  put("a", "");
  say("%s %s", told(mkdir("d", 0777)), told(symlink("absent", "l")));
  say("%s %s %s", told(mkdir("a", 0777)), told(mkdir("d", 0777)), told(mkdir("l", 0777)));
}
CHECK("mkdir below what is not there is ENOENT, below a file ENOTDIR") {
  put("a", "");
  say("%s %s", told(mkdir("absent/d", 0777)), told(mkdir("a/d", 0777)));
}
CHECK("mkdir with a slash behind the name works") {
  say("%s", told(mkdir("d/", 0777)));
}
CHECK("mkdir of dots is EEXIST") {
  say("%s", told(mkdir("d", 0777)));
  say("%s %s", told(mkdir("d/.", 0777)), told(mkdir("d/..", 0777)));
}
CHECK("A file has as many names as links were made") {
  struct stat status;
  put("a", "abc");
  say("%s %s", told(link("a", "b")), told(link("b", "c")));
  say("%s %d", told(stat("a", &status)), (int)status.st_nlink);
}
CHECK("A link of a directory is EPERM, onto a name that is there EEXIST") {
  put("a", "");
  put("b", "");
  say("%s", told(mkdir("d", 0777)));
  say("%s %s %s", told(link("d", "e")), told(link("a", "b")), told(link("absent", "c")));
}
CHECK("A hard link of a symbolic link is one more symbolic link") {
  say("%s %s", told(symlink("absent", "l")), told(link("l", "m")));
}
CHECK("linkat with AT_SYMLINK_FOLLOW links to what the link leads to") {
  // With AT_FDCWD, wasi-libc makes the second path in the buffer that holds the first.
  const int here = open(".", O_RDONLY | O_DIRECTORY);
  put("a", "abc");
  say("%s", told(symlink("a", "l")));
  say("%s", told(linkat(here, "l", here, "b", AT_SYMLINK_FOLLOW)));
  say("%s", told(symlink("absent", "dangling")));
  say("%s", told(linkat(here, "dangling", here, "c", AT_SYMLINK_FOLLOW)));
}
CHECK("readlink tells the contents, cut off to the buffer, and EINVAL of a file") {
  char text[16] = {0};
  put("a", "");
  say("%s", told(symlink("some/where", "l")));
  say("%s %s", told(readlink("l", text, 15)), text);
  memset(text, 0, sizeof text);
  say("%s %s", told(readlink("l", text, 4)), text);
  say("%s %s", told(readlink("a", text, 15)), told(readlink("absent", text, 15)));
}
CHECK("symlink onto a name that is there is EEXIST, of nothing ENOENT") {
  put("a", "");
  say("%s %s", told(symlink("x", "a")), told(symlink("", "b")));
}
CHECK("A name in a directory that was removed is ENOENT") {
  say("%s", told(mkdir("d", 0777)));
  const int directory = open("d", O_RDONLY | O_DIRECTORY);
  say("%s", told(rmdir("d")));
  say("%s %s", opened(openat(directory, "a", O_CREAT | O_WRONLY, 0666)), told(mkdirat(directory, "e", 0777)));
}
CHECK("openat works in a directory that was moved") {
  say("%s", told(mkdir("d", 0777)));
  put("d/a", "moved");
  const int directory = open("d", O_RDONLY | O_DIRECTORY);
  say("%s", told(rename("d", "e")));
  say("%s", opened(openat(directory, "a", O_RDONLY)));
}
CHECK("openat of a file's descriptor is ENOTDIR") {
  say("%s", opened(openat(make("a", ""), "b", O_RDONLY)));
}

// ---------------------------------------------------------------- listings

static int listed(DIR* directory) {
  int count = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}
CHECK("An empty directory lists itself and its parent") {
  DIR* const directory = opendir(".");
  int own = 0, parent = 0, others = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0)
      ++own;
    else if (strcmp(entry->d_name, "..") == 0)
      ++parent;
    else
      ++others;
  }
  say("%d %d %d", own, parent, others);
  closedir(directory);
}
CHECK("A directory of 10,000 files lists each once") {
  static unsigned char seen[10000];
  char name[32];
  for (int i = 0; i < 10000; ++i) {
    snprintf(name, sizeof name, "f%d", i);
    close(open(name, O_CREAT | O_WRONLY, 0666));
  }
  DIR* const directory = opendir(".");
  int twice = 0, count = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    ++count;
    if (seen[atoi(entry->d_name + 1)]++) ++twice;
  }
  say("%d listed, %d twice", count, twice);
  closedir(directory);
  for (int i = 0; i < 10000; ++i) {
    snprintf(name, sizeof name, "f%d", i);
    unlink(name);
  }
}
CHECK("Removing what was listed while listing misses nothing that stays") {
  char name[32];
  for (int i = 0; i < 600; ++i) {
    snprintf(name, sizeof name, "f%d", i);
    put(name, "");
  }
  DIR* const directory = opendir(".");
  int count = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    ++count;
    if (unlink(entry->d_name) != 0) say("%s", errno_name(errno));
  }
  say("%d", count);
  closedir(directory);
}
CHECK("Making files while listing repeats none that was there") {
  static unsigned char seen[300];
  char name[32];
  for (int i = 0; i < 300; ++i) {
    snprintf(name, sizeof name, "f%d", i);
    put(name, "");
  }
  DIR* const directory = opendir(".");
  int twice = 0, old = 0, made = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] != 'f') continue;
    ++old;
    if (seen[atoi(entry->d_name + 1)]++) ++twice;
    snprintf(name, sizeof name, "g%d", made++);
    if (made < 200) put(name, "");
  }
  say("%d old ones, %d twice", old, twice);
  closedir(directory);
}
CHECK("rewinddir sees what was made since") {
  DIR* const directory = opendir(".");
  say("%d", listed(directory));
  put("a", "");
  rewinddir(directory);
  say("%d", listed(directory));
  closedir(directory);
}
CHECK("telldir and seekdir come back to the same entry") {
  char name[32], expected[300];
  for (int i = 0; i < 50; ++i) {
    snprintf(name, sizeof name, "f%d", i);
    put(name, "");
  }
  DIR* const directory = opendir(".");
  for (int i = 0; i < 20; ++i) readdir(directory);
  const long here = telldir(directory);
  strcpy(expected, readdir(directory)->d_name);
  listed(directory);
  seekdir(directory, here);
  say("%d", strcmp(expected, readdir(directory)->d_name));
  closedir(directory);
}
CHECK("Entries tell their types") {
  put("file", "");
  say("%s %s", told(mkdir("directory", 0777)), told(symlink("x", "symlink")));
  DIR* const directory = opendir(".");
  int right = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    const char first = entry->d_name[0];
    right += entry->d_type == (first == 'f' ? DT_REG : first == 's' ? DT_LNK : DT_DIR);
  }
  say("%d", right);
  closedir(directory);
}
CHECK("opendir of a file is ENOTDIR, of nothing ENOENT") {
  put("a", "");
  say("%s", opendir("a") == NULL ? errno_name(errno) : "open");
  say("%s", opendir("absent") == NULL ? errno_name(errno) : "open");
}
CHECK("A directory that was removed lists nothing") {
  say("%s", told(mkdir("d", 0777)));
  DIR* const directory = opendir("d");
  say("%s %d", told(rmdir("d")), listed(directory));
  closedir(directory);
}

// ---------------------------------------------------------------- descriptors

CHECK("A closed descriptor is EBADF to everything") {
  char byte;
  struct stat status;
  const int fd = make("a", "");
  say("%s %s", told(close(fd)), told(close(fd)));
  say("%s %s %s", told(read(fd, &byte, 1)), told(write(fd, "x", 1)), told(lseek(fd, 0, SEEK_SET)));
  say("%s %s %s", told(fstat(fd, &status)), told(ftruncate(fd, 0)), told(fsync(fd)));
}
CHECK("The lowest free descriptor is used again") {
  const int one = make("a", "");
  const int two = make("b", "");
  close(one);
  const int three = make("c", "");
  say("%d %d", three == one, two != three);
}
CHECK("A thousand files can be open at once") {
  static int fds[1000];
  int open_ones = 0;
  put("a", "abc");
  for (int i = 0; i < 1000; ++i) {
    fds[i] = open("a", O_RDONLY);
    if (fds[i] >= 0) ++open_ones;
  }
  say("%d", open_ones);
  for (int i = 0; i < 1000; ++i) close(fds[i]);
}
CHECK("fopen's modes read, write, append and refuse as they should") {
  char text[16] = {0};
  FILE* file = fopen("a", "w");
  fputs("abc", file);
  fclose(file);
  file = fopen("a", "a+");
  fputs("def", file);
  rewind(file);
  say("%zu %s", fread(text, 1, 15, file), text);
  fclose(file);
  say("%d", fopen("a", "wx") == NULL && errno == EEXIST);
  file = fopen("a", "r+");
  fputs("X", file);
  fclose(file);
  say_file("a");
}
