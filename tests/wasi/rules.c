// The functions of preview1 called directly, each answer held against the rule that is written: witx's errno constants, and docs/wasi.md
// where witx leaves it open. Descriptor 3 is the mount. Runs in Twine only.
//
//   RULE("A sentence that can be false", ERRNO, expression);
//   TRUE("A sentence that can be false", condition);
//
// prints "== SENTENCE" and then "holds", or what came instead.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

// wasi-libc declares no proc_raise.
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_raise"))) int32_t
proc_raise(int32_t signal);
enum { SIGNAL_NONE = 0, SIGNAL_CHLD = 16, SIGNAL_STOP = 18, SIGNAL_COUNT = 31 };

#define E(name) __WASI_ERRNO_##name
#define R(name) __WASI_RIGHTS_##name
#define MOUNT 3
#define ALL_RIGHTS ((__wasi_rights_t)0x3fffffff)

static void rule(const char* sentence, unsigned expected, unsigned got) {
  printf("== %s\n", sentence);
  if (expected == got) {
    printf("holds\n");
  } else {
    printf("errno %u instead of %u\n", got, expected);
  }
}
#define RULE(sentence, expected, expression) rule(sentence, expected, (unsigned)(expression))
#define TRUE(sentence, condition) \
  printf("== %s\n%s\n", sentence, (condition) ? "holds" : "does not hold: " #condition)

static __wasi_errno_t open_with(__wasi_fd_t at, const char* path, __wasi_oflags_t oflags,
                                __wasi_rights_t rights, __wasi_rights_t inheriting, __wasi_fdflags_t fdflags,
                                __wasi_fd_t* fd) {
  return __wasi_path_open(at, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, oflags, rights, inheriting, fdflags,
                          fd);
}
static __wasi_fd_t file(const char* path, const char* contents) {
  __wasi_fd_t fd = 0;
  __wasi_size_t written;
  const __wasi_ciovec_t from = {(const uint8_t*)contents, strlen(contents)};
  if (open_with(MOUNT, path, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_TRUNC, ALL_RIGHTS, 0, 0, &fd) != 0 ||
      __wasi_fd_write(fd, &from, 1, &written) != 0) {
    printf("cannot make %s\n", path);
    exit(1);
  }
  return fd;
}
static __wasi_fd_t directory(const char* path, __wasi_rights_t rights, __wasi_rights_t inheriting) {
  __wasi_fd_t fd = 0;
  (void)__wasi_path_create_directory(MOUNT, path);
  if (open_with(MOUNT, path, __WASI_OFLAGS_DIRECTORY, rights & ~R(FD_WRITE), inheriting, 0, &fd) != 0) {
    printf("cannot open %s\n", path);
    exit(1);
  }
  return fd;
}
static uint8_t bytes[4096];
static const __wasi_iovec_t into[] = {{bytes, 16}};
static const __wasi_ciovec_t from[] = {{bytes, 16}};
static __wasi_size_t size;
static __wasi_filesize_t position;
static __wasi_fd_t fd;
static __wasi_filestat_t filestat;
static __wasi_fdstat_t fdstat;

static void every_function_refuses(const char* what, __wasi_fd_t bad) {
  char text[128];
#define REFUSES(function, expression)                              \
  snprintf(text, sizeof text, "%s is badf to %s", what, function); \
  RULE(text, E(BADF), expression)
  __wasi_prestat_t prestat;
  REFUSES("fd_advise", __wasi_fd_advise(bad, 0, 0, 0));
  REFUSES("fd_allocate", __wasi_fd_allocate(bad, 0, 1));
  REFUSES("fd_close", __wasi_fd_close(bad));
  REFUSES("fd_datasync", __wasi_fd_datasync(bad));
  REFUSES("fd_fdstat_get", __wasi_fd_fdstat_get(bad, &fdstat));
  REFUSES("fd_fdstat_set_flags", __wasi_fd_fdstat_set_flags(bad, 0));
  REFUSES("fd_fdstat_set_rights", __wasi_fd_fdstat_set_rights(bad, 0, 0));
  REFUSES("fd_filestat_get", __wasi_fd_filestat_get(bad, &filestat));
  REFUSES("fd_filestat_set_size", __wasi_fd_filestat_set_size(bad, 0));
  REFUSES("fd_filestat_set_times", __wasi_fd_filestat_set_times(bad, 0, 0, 0));
  REFUSES("fd_pread", __wasi_fd_pread(bad, into, 1, 0, &size));
  REFUSES("fd_prestat_get", __wasi_fd_prestat_get(bad, &prestat));
  REFUSES("fd_prestat_dir_name", __wasi_fd_prestat_dir_name(bad, bytes, 100));
  REFUSES("fd_pwrite", __wasi_fd_pwrite(bad, from, 1, 0, &size));
  REFUSES("fd_read", __wasi_fd_read(bad, into, 1, &size));
  REFUSES("fd_readdir", __wasi_fd_readdir(bad, bytes, 100, 0, &size));
  REFUSES("fd_renumber from it", __wasi_fd_renumber(bad, 1));
  REFUSES("fd_renumber to it", __wasi_fd_renumber(1, bad));
  REFUSES("fd_seek", __wasi_fd_seek(bad, 0, 0, &position));
  REFUSES("fd_sync", __wasi_fd_sync(bad));
  REFUSES("fd_tell", __wasi_fd_tell(bad, &position));
  REFUSES("fd_write", __wasi_fd_write(bad, from, 1, &size));
  REFUSES("path_create_directory", __wasi_path_create_directory(bad, "d"));
  REFUSES("path_filestat_get", __wasi_path_filestat_get(bad, 0, "a", &filestat));
  REFUSES("path_filestat_set_times", __wasi_path_filestat_set_times(bad, 0, "a", 0, 0, 0));
  REFUSES("path_link from it", __wasi_path_link(bad, 0, "a", MOUNT, "b"));
  REFUSES("path_link to it", __wasi_path_link(MOUNT, 0, "a", bad, "b"));
  REFUSES("path_open", open_with(bad, "a", 0, 0, 0, 0, &fd));
  REFUSES("path_readlink", __wasi_path_readlink(bad, "a", bytes, 100, &size));
  REFUSES("path_remove_directory", __wasi_path_remove_directory(bad, "a"));
  REFUSES("path_rename from it", __wasi_path_rename(bad, "a", MOUNT, "b"));
  REFUSES("path_rename to it", __wasi_path_rename(MOUNT, "a", bad, "b"));
  REFUSES("path_symlink", __wasi_path_symlink("a", bad, "b"));
  REFUSES("path_unlink_file", __wasi_path_unlink_file(bad, "a"));
  REFUSES("sock_shutdown", __wasi_sock_shutdown(bad, 1));
#undef REFUSES
}

static void flags_are_checked(void) {
  const __wasi_fd_t a = file("flags", "abc");
  RULE("An unknown oflag is inval", E(INVAL), open_with(MOUNT, "flags", 0x10, 0, 0, 0, &fd));
  RULE("An unknown fdflag at path_open is inval", E(INVAL), open_with(MOUNT, "flags", 0, 0, 0, 0x20, &fd));
  RULE("An unknown lookupflag at path_open is inval", E(INVAL),
       __wasi_path_open(MOUNT, 2, "flags", 0, 0, 0, 0, &fd));
  RULE("An unknown lookupflag at path_filestat_get is inval", E(INVAL),
       __wasi_path_filestat_get(MOUNT, 2, "flags", &filestat));
  RULE("An unknown lookupflag at path_filestat_set_times is inval", E(INVAL),
       __wasi_path_filestat_set_times(MOUNT, 2, "flags", 0, 0, 0));
  RULE("An unknown lookupflag at path_link is inval", E(INVAL),
       __wasi_path_link(MOUNT, 2, "flags", MOUNT, "flags2"));
  RULE("An unknown fdflag at fd_fdstat_set_flags is inval", E(INVAL), __wasi_fd_fdstat_set_flags(a, 0x20));
  RULE("An unknown fstflag at fd_filestat_set_times is inval", E(INVAL),
       __wasi_fd_filestat_set_times(a, 0, 0, 0x10));
  RULE("An unknown advice is inval", E(INVAL), __wasi_fd_advise(a, 0, 0, 6));
  RULE("An unknown whence is inval", E(INVAL), __wasi_fd_seek(a, 0, 3, &position));
  RULE("ATIM and ATIM_NOW together are inval", E(INVAL),
       __wasi_fd_filestat_set_times(a, 1, 1, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
  RULE("MTIM and MTIM_NOW together are inval", E(INVAL),
       __wasi_fd_filestat_set_times(a, 1, 1, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
  RULE("MTIM and MTIM_NOW together are inval of a path too", E(INVAL),
       __wasi_path_filestat_set_times(MOUNT, 0, "flags", 1, 1,
                                      __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
  RULE("ATIM and MTIM_NOW together are fine", 0,
       __wasi_fd_filestat_set_times(a, 5, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM_NOW));
  TRUE("ATIM told is ATIM set, and MTIM_NOW is after it", __wasi_fd_filestat_get(a, &filestat) == 0 &&
                                                              filestat.atim == 5 &&
                                                              filestat.mtim > 1000000000000000000ULL);
  RULE("ATIM_NOW alone is fine", 0, __wasi_fd_filestat_set_times(a, 0, 0, __WASI_FSTFLAGS_ATIM_NOW));
  RULE("MTIM alone is fine", 0, __wasi_fd_filestat_set_times(a, 0, 7, __WASI_FSTFLAGS_MTIM));
  TRUE("and leaves the other time", __wasi_fd_filestat_get(a, &filestat) == 0 && filestat.mtim == 7 &&
                                        filestat.atim > 1000000000000000000ULL);
  RULE("No time at all is fine", 0, __wasi_fd_filestat_set_times(a, 1, 2, 0));
  TRUE("and changes none", __wasi_fd_filestat_get(a, &filestat) == 0 && filestat.mtim == 7);
  RULE("O_CREAT with O_DIRECTORY is inval", E(INVAL),
       open_with(MOUNT, "new", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_DIRECTORY, R(FD_READ), 0, 0, &fd));
  RULE("O_CREAT with O_DIRECTORY makes nothing", E(NOENT),
       __wasi_path_filestat_get(MOUNT, 0, "new", &filestat));
  RULE("Whether writes are synchronous cannot change while a file is open", E(INVAL),
       __wasi_fd_fdstat_set_flags(a, __WASI_FDFLAGS_DSYNC));
  RULE("Append and nonblock can change together", 0,
       __wasi_fd_fdstat_set_flags(a, __WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK));
  TRUE("Flags told are flags set", __wasi_fd_fdstat_get(a, &fdstat) == 0 &&
                                       fdstat.fs_flags == (__WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK));
  RULE("All flags can be asked for when a file is opened", 0,
       open_with(MOUNT, "flags", 0, R(FD_READ) | R(FD_WRITE), 0, 0x1f, &fd));
  TRUE("Flags asked for at opening are told",
       __wasi_fd_fdstat_get(fd, &fdstat) == 0 && fdstat.fs_flags == 0x1f);
}

static void paths_stay_inside(void) {
  static char long_path[4200];
  memset(long_path, 'a', sizeof long_path - 1);
  file("inside", "abc");
  RULE("An absolute path is perm", E(PERM), open_with(MOUNT, "/inside", 0, R(FD_READ), 0, 0, &fd));
  RULE("The root is perm", E(PERM), __wasi_path_filestat_get(MOUNT, 0, "/", &filestat));
  RULE("'..' at the mount is perm", E(PERM), __wasi_path_filestat_get(MOUNT, 0, "..", &filestat));
  RULE("'../x' at the mount is perm", E(PERM),
       open_with(MOUNT, "../x", __WASI_OFLAGS_CREAT, R(FD_WRITE), 0, 0, &fd));
  const __wasi_fd_t sub = directory("sub", ALL_RIGHTS, ALL_RIGHTS);
  RULE("'..' at an opened directory is perm, though its parent is in the mount", E(PERM),
       open_with(sub, "../inside", 0, R(FD_READ), 0, 0, &fd));
  RULE("'sub/../inside' stays inside", 0, open_with(MOUNT, "sub/../inside", 0, R(FD_READ), 0, 0, &fd));
  RULE("'sub/../..' is perm", E(PERM), __wasi_path_filestat_get(MOUNT, 0, "sub/../..", &filestat));
  RULE("A '..' behind what is not there is noent", E(NOENT),
       open_with(MOUNT, "absent/../inside", 0, R(FD_READ), 0, 0, &fd));
  RULE("A symbolic link can lead upwards", 0, __wasi_path_symlink("../..", MOUNT, "sub/up"));
  RULE("but following it out of the mount is perm", E(PERM),
       __wasi_path_filestat_get(MOUNT, 1, "sub/up", &filestat));
  RULE("and so is what lies behind it", E(PERM), open_with(MOUNT, "sub/up/etc", 0, R(FD_READ), 0, 0, &fd));
  RULE("Making a directory behind it is perm", E(PERM), __wasi_path_create_directory(MOUNT, "sub/up/new"));
  RULE("Removing a file behind it is perm", E(PERM), __wasi_path_unlink_file(MOUNT, "sub/up/new"));
  RULE("Removing a directory behind it is perm", E(PERM), __wasi_path_remove_directory(MOUNT, "sub/up/new"));
  RULE("Renaming to behind it is perm", E(PERM), __wasi_path_rename(MOUNT, "inside", MOUNT, "sub/up/new"));
  RULE("Renaming from behind it is perm", E(PERM), __wasi_path_rename(MOUNT, "sub/up/new", MOUNT, "inside"));
  RULE("Linking to behind it is perm", E(PERM), __wasi_path_link(MOUNT, 0, "inside", MOUNT, "sub/up/new"));
  RULE("Linking from behind it is perm", E(PERM), __wasi_path_link(MOUNT, 0, "sub/up/new", MOUNT, "new"));
  RULE("A hard link to what it leads to is perm", E(PERM),
       __wasi_path_link(MOUNT, 1, "sub/up", MOUNT, "new"));
  RULE("A symbolic link behind it is perm", E(PERM), __wasi_path_symlink("a", MOUNT, "sub/up/new"));
  RULE("Reading a link behind it is perm", E(PERM),
       __wasi_path_readlink(MOUNT, "sub/up/new", bytes, 100, &size));
  RULE("Times behind it are perm", E(PERM), __wasi_path_filestat_set_times(MOUNT, 1, "sub/up/new", 0, 0, 0));
  RULE("The link itself can be looked at", 0, __wasi_path_filestat_get(MOUNT, 0, "sub/up", &filestat));
  RULE("Renaming '..' is perm at the mount", E(PERM), __wasi_path_rename(MOUNT, "..", MOUNT, "new"));
  RULE("Removing '..' is perm at the mount", E(PERM), __wasi_path_remove_directory(MOUNT, ".."));
  RULE("Renaming '.' is busy", E(BUSY), __wasi_path_rename(MOUNT, ".", MOUNT, "new"));
  RULE("Removing '.' is inval", E(INVAL), __wasi_path_remove_directory(MOUNT, "."));
  RULE("An absolute symbolic link is not made", E(PERM), __wasi_path_symlink("/etc/passwd", MOUNT, "passwd"));
  RULE("An empty path is noent", E(NOENT), __wasi_path_create_directory(MOUNT, ""));
  RULE("A path of 4,199 bytes is nametoolong", E(NAMETOOLONG),
       __wasi_path_create_directory(MOUNT, long_path));
  long_path[256] = 0;
  RULE("A name of 256 bytes is nametoolong", E(NAMETOOLONG), __wasi_path_create_directory(MOUNT, long_path));
  RULE("A path that is not UTF-8 is ilseq", E(ILSEQ), __wasi_path_create_directory(MOUNT, "a\xff"));
  RULE("An overlong encoding of a slash is ilseq", E(ILSEQ),
       __wasi_path_create_directory(MOUNT, "..\xc0\xaf"));
  RULE("A surrogate in a path is ilseq", E(ILSEQ), __wasi_path_create_directory(MOUNT, "\xed\xa0\x80"));
  RULE("Link contents that are not UTF-8 are ilseq", E(ILSEQ), __wasi_path_symlink("a\xff", MOUNT, "l"));
}

static void rights_are_kept(void) {
  __wasi_fd_t a;
  file("rights", "abc");
  const __wasi_fd_t none = directory("none", 0, 0);
  RULE("Without path_open nothing is opened", E(NOTCAPABLE), open_with(none, "a", 0, 0, 0, 0, &fd));
  RULE("Without path_create_directory no directory is made", E(NOTCAPABLE),
       __wasi_path_create_directory(none, "a"));
  RULE("Without fd_readdir nothing is listed", E(NOTCAPABLE), __wasi_fd_readdir(none, bytes, 100, 0, &size));
  RULE("Without path_filestat_get nothing is looked at", E(NOTCAPABLE),
       __wasi_path_filestat_get(none, 0, "a", &filestat));
  RULE("Without path_filestat_set_times no time is set", E(NOTCAPABLE),
       __wasi_path_filestat_set_times(none, 0, "a", 0, 0, 0));
  RULE("Without fd_filestat_get it is not looked at itself", E(NOTCAPABLE),
       __wasi_fd_filestat_get(none, &filestat));
  RULE("Without path_unlink_file nothing is removed", E(NOTCAPABLE), __wasi_path_unlink_file(none, "a"));
  RULE("Without path_remove_directory no directory is removed", E(NOTCAPABLE),
       __wasi_path_remove_directory(none, "a"));
  RULE("Without path_symlink no link is made", E(NOTCAPABLE), __wasi_path_symlink("a", none, "b"));
  RULE("Without path_readlink no link is read", E(NOTCAPABLE),
       __wasi_path_readlink(none, "a", bytes, 10, &size));
  RULE("Without path_rename_source nothing is renamed", E(NOTCAPABLE),
       __wasi_path_rename(none, "a", MOUNT, "b"));
  RULE("Without path_rename_target nothing is renamed to it", E(NOTCAPABLE),
       __wasi_path_rename(MOUNT, "rights", none, "b"));
  RULE("Without path_link_source nothing is linked from it", E(NOTCAPABLE),
       __wasi_path_link(none, 0, "a", MOUNT, "b"));
  RULE("Without path_link_target nothing is linked to it", E(NOTCAPABLE),
       __wasi_path_link(MOUNT, 0, "rights", none, "b"));
  RULE("Without fd_sync nothing is synchronised", E(NOTCAPABLE), __wasi_fd_sync(none));
  RULE("Without fd_datasync no data is synchronised", E(NOTCAPABLE), __wasi_fd_datasync(none));
  RULE("Without fd_fdstat_set_flags no flag changes", E(NOTCAPABLE), __wasi_fd_fdstat_set_flags(none, 0));
  RULE("Without fd_filestat_set_times its times stay", E(NOTCAPABLE),
       __wasi_fd_filestat_set_times(none, 0, 0, 0));

  const __wasi_fd_t reading = directory("reading", ALL_RIGHTS, R(FD_READ) | R(FD_FILESTAT_GET));
  RULE("A directory passes on what it inherits", 0,
       open_with(reading, "a", __WASI_OFLAGS_CREAT, R(FD_READ) | R(FD_WRITE), 0, 0, &a));
  TRUE("and nothing else", __wasi_fd_fdstat_get(a, &fdstat) == 0 && fdstat.fs_rights_base == R(FD_READ));
  RULE("so writing is badf", E(BADF), __wasi_fd_write(a, from, 1, &size));
  const __wasi_fd_t opener = directory("opener", R(PATH_OPEN), ALL_RIGHTS);
  RULE("O_CREAT needs path_create_file", E(NOTCAPABLE),
       open_with(opener, "a", __WASI_OFLAGS_CREAT, R(FD_WRITE), 0, 0, &fd));
  RULE("O_TRUNC needs path_filestat_set_size", E(NOTCAPABLE),
       open_with(opener, "a", __WASI_OFLAGS_TRUNC, R(FD_WRITE), 0, 0, &fd));

  RULE("A file can be opened with few rights", 0,
       open_with(MOUNT, "rights", 0, R(FD_READ) | R(FD_WRITE), 0, 0, &a));
  RULE("Without fd_seek a file has no position to move", E(NOTCAPABLE), __wasi_fd_seek(a, 0, 0, &position));
  RULE("Without fd_tell a file does not tell its position", E(NOTCAPABLE), __wasi_fd_tell(a, &position));
  RULE("Without fd_allocate no space is allocated", E(NOTCAPABLE), __wasi_fd_allocate(a, 0, 1));
  RULE("Without fd_advise no advice is taken", E(NOTCAPABLE), __wasi_fd_advise(a, 0, 0, 0));
  RULE("Without fd_filestat_set_size the size stays", E(NOTCAPABLE), __wasi_fd_filestat_set_size(a, 0));
  RULE("Rights can be given up", 0, __wasi_fd_fdstat_set_rights(a, R(FD_READ), 0));
  RULE("and are gone then", E(BADF), __wasi_fd_write(a, from, 1, &size));
  RULE("and do not come back", E(NOTCAPABLE), __wasi_fd_fdstat_set_rights(a, R(FD_READ) | R(FD_WRITE), 0));
  RULE("Inherited rights do not grow either", E(NOTCAPABLE),
       __wasi_fd_fdstat_set_rights(a, R(FD_READ), R(FD_READ)));
  RULE("A directory opened for reading and writing is isdir", E(ISDIR),
       open_with(MOUNT, "reading", 0, R(FD_READ) | R(FD_WRITE), 0, 0, &fd));
  TRUE("The mount has no right to seek",
       __wasi_fd_fdstat_get(MOUNT, &fdstat) == 0 && (fdstat.fs_rights_base & R(FD_SEEK)) == 0);
  TRUE("The mount is a directory", fdstat.fs_filetype == __WASI_FILETYPE_DIRECTORY);
}

static void kinds_are_told_apart(void) {
  const __wasi_fd_t a = file("kinds", "abc");
  RULE("A file holds no names to list", E(NOTDIR), __wasi_fd_readdir(a, bytes, 100, 0, &size));
  RULE("A file holds no names to open", E(NOTDIR), open_with(a, "b", 0, R(FD_READ), 0, 0, &fd));
  RULE("A file holds no names to make", E(NOTDIR), __wasi_path_create_directory(a, "b"));
  RULE("A file holds no names to remove", E(NOTDIR), __wasi_path_unlink_file(a, "b"));
  RULE("A file is not preopened", E(BADF), __wasi_fd_prestat_dir_name(a, bytes, 100));
  RULE("A directory cannot be read", E(ISDIR), __wasi_fd_read(MOUNT, into, 1, &size));
  RULE("A directory cannot be written", E(ISDIR), __wasi_fd_write(MOUNT, from, 1, &size));
  RULE("A directory has no position", E(BADF), __wasi_fd_seek(MOUNT, 0, 0, &position));
  RULE("A directory has no size to set", E(NOTCAPABLE), __wasi_fd_filestat_set_size(MOUNT, 0));
  RULE("A file is no socket to shut down", E(NOTSOCK), __wasi_sock_shutdown(a, 1));
  __wasi_prestat_t prestat;
  TRUE("The mount is preopened under its name",
       __wasi_fd_prestat_get(MOUNT, &prestat) == 0 && prestat.tag == 0 && prestat.u.dir.pr_name_len == 1 &&
           __wasi_fd_prestat_dir_name(MOUNT, bytes, 1) == 0 && bytes[0] == '/');
  RULE("A buffer shorter than the mount's name is nametoolong", E(NAMETOOLONG),
       __wasi_fd_prestat_dir_name(MOUNT, bytes, 0));
  RULE("An opened directory is not preopened", E(BADF),
       __wasi_fd_prestat_get(directory("kind", ALL_RIGHTS, 0), &prestat));
}

static void bytes_move(void) {
  const __wasi_fd_t a = file("bytes", "abcdefghij");
  RULE("A position of 2^63 is inval to fd_pread", E(INVAL), __wasi_fd_pread(a, into, 1, 1ULL << 63, &size));
  RULE("A position of 2^63 is inval to fd_pwrite", E(INVAL), __wasi_fd_pwrite(a, from, 1, 1ULL << 63, &size));
  RULE("Writing across 2^63 is fbig", E(FBIG), __wasi_fd_pwrite(a, from, 1, (1ULL << 63) - 8, &size));
  RULE("A size of 2^63 is fbig", E(FBIG), __wasi_fd_filestat_set_size(a, 1ULL << 63));
  RULE("Allocating across 2^63 is fbig", E(FBIG), __wasi_fd_allocate(a, 1ULL << 62, 1ULL << 62));
  RULE("Allocating nothing is inval", E(INVAL), __wasi_fd_allocate(a, 0, 0));
  TRUE("None of that changed the file", __wasi_fd_filestat_get(a, &filestat) == 0 && filestat.size == 10);
  RULE("No buffers at all read nothing", 0, __wasi_fd_pread(a, into, 0, 0, &size));
  TRUE("and say so", size == 0);
  RULE("No buffers at all write nothing", 0, __wasi_fd_pwrite(a, from, 0, 0, &size));
  const __wasi_iovec_t empty = {(uint8_t*)8, 0};
  RULE("A buffer of no bytes reads nothing", 0, __wasi_fd_pread(a, &empty, 1, 0, &size));
  // In memory that the two halves of one list share.
  static struct {
    uint8_t pad;
    __wasi_iovec_t list[2];
  } __attribute__((packed)) unaligned;
  const __wasi_iovec_t pair[] = {{bytes + 1, 3}, {bytes + 2, 4}};
  memcpy(unaligned.list, pair, sizeof pair);
  RULE("A list of buffers at an odd address is read", 0,
       __wasi_fd_pread(a, (const __wasi_iovec_t*)(uintptr_t)((uint8_t*)&unaligned + 1), 2, 0, &size));
  TRUE("and overlapping buffers are filled one after the other",
       size == 7 && memcmp(bytes + 1, "adefg", 5) == 0);
  static uint8_t odd[16];
  RULE("A result at an odd address is stored", 0,
       __wasi_fd_pread(a, into, 1, 0, (__wasi_size_t*)(uintptr_t)(odd + 1)));
  TRUE("as little-endian", odd[1] == 10 && odd[2] == 0);
  // The list lies in the memory that is read into: it is judged before the first byte moves.
  static union {
    __wasi_iovec_t list[2];
    uint8_t text[16];
  } same;
  same.list[0] = (__wasi_iovec_t){same.text, 16};
  same.list[1] = (__wasi_iovec_t){bytes, 4};
  RULE("A list of buffers may be overwritten by what is read", 0, __wasi_fd_pread(a, same.list, 2, 0, &size));
  TRUE("and the buffers are those it had", size == 10 && memcmp(same.text, "abcdefghij", 10) == 0);
  RULE("1,025 buffers are inval", E(INVAL), __wasi_fd_pread(a, into, 1025, 0, &size));
  RULE("fd_tell tells the position", 0, __wasi_fd_tell(a, &position));
  TRUE("which is behind what was written", position == 10);
}

static void listings_continue(void) {
  const __wasi_fd_t at = directory("list", ALL_RIGHTS, ALL_RIGHTS);
  char text[16];
  for (int i = 0; i < 20; ++i) {
    snprintf(text, sizeof text, "e%02d", i);
    (void)!__wasi_path_create_directory(at, text);
  }
  RULE("A buffer of no bytes lists nothing", 0, __wasi_fd_readdir(at, bytes, 0, 0, &size));
  TRUE("and uses none", size == 0);
  RULE("A buffer shorter than an entry is filled", 0, __wasi_fd_readdir(at, bytes, 10, 0, &size));
  TRUE("to the last byte, which says that there is more", size == 10);
  uint32_t seen = 0;
  int twice = 0, made = 0;
  __wasi_dircookie_t cookie = 0;
  for (;;) {
    // One whole entry a call: the head has 24 bytes, names three at most.
    if (__wasi_fd_readdir(at, bytes, 60, cookie, &size) != 0 || size < 24) break;
    __wasi_dirent_t entry;
    memcpy(&entry, bytes, sizeof entry);
    if (size < 24 + entry.d_namlen) break;
    cookie = entry.d_next;
    if (bytes[24] != 'e') continue;
    const int number = atoi((const char*)bytes + 25);
    twice += (seen >> number) & 1;
    seen |= 1U << number;
    snprintf(text, sizeof text, "x%02d", made++);
    if (made < 10) (void)!__wasi_path_create_directory(at, text);
    snprintf(text, sizeof text, "e%02d", number);
    (void)!__wasi_path_remove_directory(at, text);
  }
  TRUE("Entries made and removed between two calls leave no gap in a listing", seen == 0xfffff);
  TRUE("and repeat none", twice == 0);
  RULE("A listing ends without an error", 0, __wasi_fd_readdir(at, bytes, 100, cookie, &size));
  TRUE("and without an entry", size == 0);
  const __wasi_errno_t never_told = __wasi_fd_readdir(at, bytes, 100, ~0ULL, &size);
  TRUE("A cookie that was never told is inval or the end",
       never_told == E(INVAL) || (never_told == 0 && size == 0));
}

static void descriptors_are_renumbered(void) {
  const __wasi_fd_t a = file("one", "1");
  const __wasi_fd_t b = file("two", "2");
  RULE("A descriptor takes the number of another", 0, __wasi_fd_renumber(a, b));
  RULE("and its own is free", E(BADF), __wasi_fd_tell(a, &position));
  RULE("The file is the moved one", 0, __wasi_fd_pread(b, into, 1, 0, &size));
  TRUE("with its contents", size == 1 && bytes[0] == '1');
  RULE("A descriptor can take its own number", 0, __wasi_fd_renumber(b, b));
  RULE("and stays open", 0, __wasi_fd_tell(b, &position));
  RULE("The mount can be given another number", 0, __wasi_fd_renumber(MOUNT, b));
  __wasi_prestat_t prestat;
  RULE("under which it is still preopened", 0, __wasi_fd_prestat_get(b, &prestat));
  RULE("and back", 0,
       (open_with(b, "one", 0, R(FD_READ), 0, 0, &fd), fd == MOUNT ? __wasi_fd_renumber(b, MOUNT) : 99));
}

static void links_follow_when_told(void) {
  file("target", "abc");
  RULE("A link is made", 0, __wasi_path_symlink("target", MOUNT, "to-target"));
  RULE("Without symlink_follow opening a link is loop", E(LOOP),
       __wasi_path_open(MOUNT, 0, "to-target", 0, R(FD_READ), 0, 0, &fd));
  RULE("With symlink_follow path_link links to the file", 0,
       __wasi_path_link(MOUNT, 1, "to-target", MOUNT, "hard"));
  TRUE("which has two names then", __wasi_path_filestat_get(MOUNT, 0, "hard", &filestat) == 0 &&
                                       filestat.filetype == __WASI_FILETYPE_REGULAR_FILE &&
                                       filestat.nlink == 2);
  RULE("Without it path_link links to the link", 0,
       __wasi_path_link(MOUNT, 0, "to-target", MOUNT, "hard-link"));
  TRUE("which stays a link", __wasi_path_filestat_get(MOUNT, 0, "hard-link", &filestat) == 0 &&
                                 filestat.filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
  RULE("path_readlink cuts off at the buffer", 0, __wasi_path_readlink(MOUNT, "to-target", bytes, 3, &size));
  TRUE("and tells how much it stored", size == 3 && memcmp(bytes, "tar", 3) == 0);
  RULE("path_readlink of a file is inval", E(INVAL), __wasi_path_readlink(MOUNT, "target", bytes, 3, &size));
  RULE("A descriptor of a link cannot be had by O_DIRECTORY either", E(NOTDIR),
       __wasi_path_open(MOUNT, 0, "to-target", __WASI_OFLAGS_DIRECTORY, R(FD_READDIR), 0, 0, &fd));
}

static void signals(void) {
  RULE("proc_raise of no signal does nothing", 0, proc_raise(SIGNAL_NONE));
  RULE("proc_raise of a signal that is ignored does nothing", 0, proc_raise(SIGNAL_CHLD));
  RULE("proc_raise of an unknown signal is inval", E(INVAL), proc_raise(SIGNAL_COUNT));
  RULE("proc_raise of a signal that would stop the program is notsup", E(NOTSUP), proc_raise(SIGNAL_STOP));
  RULE("sched_yield comes back", 0, __wasi_sched_yield());
}

static void descriptors_run_out(void) {
  int count = 0;
  __wasi_errno_t error;
  while ((error = open_with(MOUNT, "target", 0, R(FD_READ), 0, 0, &fd)) == 0 && count < 20000) ++count;
  TRUE("Descriptors run out as mfile or nfile", error == E(MFILE) || error == E(NFILE));
  TRUE("but not before there are a thousand", count >= 1000);
  RULE("One closed is one more to open", 0,
       __wasi_fd_close(fd) || open_with(MOUNT, "target", 0, R(FD_READ), 0, 0, &fd));
}

int main(void) {
  const __wasi_fd_t closed = file("closed", "");
  (void)!__wasi_fd_close(closed);
  every_function_refuses("A closed descriptor", closed);
  every_function_refuses("Descriptor 2^32-1", 0xffffffff);
  flags_are_checked();
  paths_stay_inside();
  rights_are_kept();
  kinds_are_told_apart();
  bytes_move();
  listings_continue();
  descriptors_are_renumbered();
  links_follow_when_told();
  signals();
  descriptors_run_out();
  return 0;
}
