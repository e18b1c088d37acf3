;; Preview1 and its forerunner wasi_unstable as a module imports them, without a library between. Each check is an exported function,
;; called in a launch of its own in a directory with `file` ("0123456789") and an empty `sub`:
;;
;;   check: FUNCTION = VALUE: SENTENCE    it returns VALUE
;;   trap: FUNCTION: SENTENCE             it traps, `out of bounds memory access`, and nothing was written
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_unstable" "fd_seek" (func $old_fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_unstable" "fd_filestat_get" (func $old_fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_unstable" "path_filestat_get" (func $old_path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "path_open"
    (func $old_path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_unstable" "poll_oneoff" (func $old_poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "fd_write" (func $old_fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 2)
  (data (i32.const 1024) "file")
  (data (i32.const 1040) "new")
  (data (i32.const 1056) "sub")
  (data (i32.const 1072) "fi\00le")

  ;; The descriptor of `file`, open for reading and writing, with every right.
  (func $open_file (result i32)
    (drop (call $path_open (i32.const 3) (i32.const 1) (i32.const 1024) (i32.const 4) (i32.const 0)
                           (i64.const 0x3fffffff) (i64.const 0) (i32.const 0) (i32.const 100)))
    (i32.load (i32.const 100)))
  ;; A list of buffers at 200: {buf, len}, {buf, len}.
  (func $list (param i32 i32 i32 i32)
    (i32.store (i32.const 200) (local.get 0)) (i32.store (i32.const 204) (local.get 1))
    (i32.store (i32.const 208) (local.get 2)) (i32.store (i32.const 212) (local.get 3)))

  ;; ------------------------------------------------------------ addresses outside memory

  ;; trap: write_outside: A buffer outside memory traps before the one before it is written
  (func (export "write_outside") (result i32)
    (call $list (i32.const 1024) (i32.const 4) (i32.const 65530) (i32.const 100))
    (call $fd_write (call $open_file) (i32.const 200) (i32.const 2) (i32.const 300)))
  ;; trap: write_outside_first: So does one whose address is the last of 32 bits
  (func (export "write_outside_first") (result i32)
    (call $list (i32.const -1) (i32.const 1) (i32.const 1024) (i32.const 4))
    (call $fd_write (call $open_file) (i32.const 200) (i32.const 2) (i32.const 300)))
  ;; trap: write_wraps: An address and a length that wrap around 32 bits are not small
  (func (export "write_wraps") (result i32)
    (call $list (i32.const 1024) (i32.const -1) (i32.const 1024) (i32.const 4))
    (call $fd_write (call $open_file) (i32.const 200) (i32.const 2) (i32.const 300)))
  ;; trap: pwrite_outside: fd_pwrite from outside memory changes nothing in the file
  (func (export "pwrite_outside") (result i32)
    (call $list (i32.const 1024) (i32.const 4) (i32.const 65536) (i32.const 1))
    (call $fd_pwrite (call $open_file) (i32.const 200) (i32.const 2) (i64.const 0) (i32.const 300)))
  ;; trap: list_outside: A list of buffers that ends outside memory traps
  (func (export "list_outside") (result i32)
    (call $fd_read (call $open_file) (i32.const 65532) (i32.const 1) (i32.const 300)))
  ;; trap: stdout_outside: Nothing is printed of a list whose second buffer is outside
  (func (export "stdout_outside") (result i32)
    (call $list (i32.const 1024) (i32.const 4) (i32.const 65536) (i32.const 1))
    (call $fd_write (i32.const 1) (i32.const 200) (i32.const 2) (i32.const 300)))
  ;; trap: path_outside: A path outside memory traps
  (func (export "path_outside") (result i32)
    (call $path_create_directory (i32.const 3) (i32.const 65530) (i32.const 10)))
  ;; trap: long_path_outside: So does one of 4 GiB, which is not copied to find out
  (func (export "long_path_outside") (result i32)
    (call $path_create_directory (i32.const 3) (i32.const 0) (i32.const -1)))
  ;; trap: second_path_outside: A rename whose new path is outside moves nothing
  (func (export "second_path_outside") (result i32)
    (call $path_rename (i32.const 3) (i32.const 1024) (i32.const 4) (i32.const 3) (i32.const 65536) (i32.const 1)))
  ;; trap: open_result_outside: path_open with no place for the descriptor makes no file
  (func (export "open_result_outside") (result i32)
    (call $path_open (i32.const 3) (i32.const 1) (i32.const 1040) (i32.const 3) (i32.const 1) (i64.const 0x3fffffff) (i64.const 0)
                     (i32.const 0) (i32.const 65534)))
  ;; trap: filestat_outside: fd_filestat_get to a place that ends outside traps
  (func (export "filestat_outside") (result i32) (call $fd_filestat_get (i32.const 3) (i32.const 65473)))
  ;; trap: random_outside: random_get to outside traps
  (func (export "random_outside") (result i32) (call $random_get (i32.const 65000) (i32.const 1000)))
  ;; trap: args_outside: args_get to outside traps
  (func (export "args_outside") (result i32) (call $args_get (i32.const 65536) (i32.const 0)))
  ;; trap: readdir_outside: fd_readdir to outside traps
  (func (export "readdir_outside") (result i32)
    (call $fd_readdir (i32.const 3) (i32.const 65000) (i32.const 1000) (i64.const 0) (i32.const 300)))

  ;; ------------------------------------------------------------ addresses inside, up to the last byte

  ;; check: filestat_at_the_end = 0: The last 64 bytes of memory hold a filestat
  (func (export "filestat_at_the_end") (result i32) (call $fd_filestat_get (i32.const 3) (i32.const 65472)))
  ;; check: empty_buffer_at_the_end = 0: A buffer of no bytes may stand where memory ends
  (func (export "empty_buffer_at_the_end") (result i32)
    (call $list (i32.const 65536) (i32.const 0) (i32.const 65536) (i32.const 0))
    (call $fd_write (call $open_file) (i32.const 200) (i32.const 2) (i32.const 300)))
  ;; check: grown_memory = 10: What memory.grow has added can be read into
  (func (export "grown_memory") (result i32)
    (drop (memory.grow (i32.const 1)))
    (call $list (i32.const 131000) (i32.const 72) (i32.const 0) (i32.const 0))
    (drop (call $fd_read (call $open_file) (i32.const 200) (i32.const 1) (i32.const 300)))
    (i32.load (i32.const 300)))
  ;; check: unaligned_result = 10: Results are stored at odd addresses
  (func (export "unaligned_result") (result i32)
    (call $list (i32.const 2000) (i32.const 100) (i32.const 0) (i32.const 0))
    (drop (call $fd_read (call $open_file) (i32.const 200) (i32.const 1) (i32.const 301)))
    (i32.load align=1 (i32.const 301)))
  ;; check: nul_in_path = 28: A path with a NUL in it is inval
  (func (export "nul_in_path") (result i32) (call $path_create_directory (i32.const 3) (i32.const 1072) (i32.const 5)))
  ;; check: path_without_end = 20: A path ends with its length, not with a NUL
  (func (export "path_without_end") (result i32)
    (i32.store8 (i32.const 1059) (i32.const 120)) ;; "subx"
    (call $path_create_directory (i32.const 3) (i32.const 1056) (i32.const 3)))
  ;; check: bad_descriptor = 8: A descriptor that was never open is badf
  (func (export "bad_descriptor") (result i32) (call $fd_fdstat_get (i32.const 99) (i32.const 400)))
  ;; check: one_preopen = 8: The descriptor behind the only mount is badf
  (func (export "one_preopen") (result i32) (call $fd_prestat_get (i32.const 4) (i32.const 400)))
  ;; check: unknown_clock = 28: A clock that does not exist is inval
  (func (export "unknown_clock") (result i32) (call $clock_time_get (i32.const 4) (i64.const 0) (i32.const 400)))
  ;; check: unknown_clock_resolution = 28: and has no resolution
  (func (export "unknown_clock_resolution") (result i32) (call $clock_res_get (i32.const -1) (i32.const 400)))
  ;; check: no_random_bytes = 0: No random bytes can be had from anywhere
  (func (export "no_random_bytes") (result i32) (call $random_get (i32.const 65536) (i32.const 0)))
  ;; check: program_name = 1: An invoked function's program has its name as its only argument
  (func (export "program_name") (result i32)
    (drop (call $args_sizes_get (i32.const 400) (i32.const 404)))
    (i32.load (i32.const 400)))
  ;; check: whence_set = 3: In preview1 whence 0 is from the start
  (func (export "whence_set") (result i32)
    (local $fd i32)
    (local.set $fd (call $open_file))
    (drop (call $fd_seek (local.get $fd) (i64.const 5) (i32.const 0) (i32.const 400)))
    (drop (call $fd_seek (local.get $fd) (i64.const 3) (i32.const 0) (i32.const 400)))
    (i32.load (i32.const 400)))
  ;; check: filestat_size = 10: In preview1 the size stands at byte 32 of a filestat
  (func (export "filestat_size") (result i32)
    (drop (call $fd_filestat_get (call $open_file) (i32.const 400)))
    (i32.load (i32.const 432)))

  ;; ------------------------------------------------------------ wasi_unstable

  ;; check: old_whence_cur = 8: In wasi_unstable whence 0 is from the present position
  (func (export "old_whence_cur") (result i32)
    (local $fd i32)
    (local.set $fd (call $open_file))
    (drop (call $old_fd_seek (local.get $fd) (i64.const 5) (i32.const 2) (i32.const 400)))
    (drop (call $old_fd_seek (local.get $fd) (i64.const 3) (i32.const 0) (i32.const 400)))
    (i32.load (i32.const 400)))
  ;; check: old_whence_end = 9: whence 1 from the end
  (func (export "old_whence_end") (result i32)
    (drop (call $old_fd_seek (call $open_file) (i64.const -1) (i32.const 1) (i32.const 400)))
    (i32.load (i32.const 400)))
  ;; check: old_whence_unknown = 28: and 3 inval
  (func (export "old_whence_unknown") (result i32)
    (call $old_fd_seek (call $open_file) (i64.const 0) (i32.const 3) (i32.const 400)))
  ;; check: old_filestat_size = 10: Its filestat has the size at byte 24
  (func (export "old_filestat_size") (result i32)
    (drop (call $old_fd_filestat_get (call $open_file) (i32.const 400)))
    (i32.load (i32.const 424)))
  ;; check: old_filestat_links = 1: and the number of links in 32 bits at byte 20
  (func (export "old_filestat_links") (result i32)
    (drop (call $old_fd_filestat_get (call $open_file) (i32.const 400)))
    (i32.load (i32.const 420)))
  ;; check: old_filestat_ends = 1515870810: and takes 56 bytes, not 64
  (func (export "old_filestat_ends") (result i32)
    (i32.store (i32.const 456) (i32.const 0x5a5a5a5a))
    (drop (call $old_fd_filestat_get (call $open_file) (i32.const 400)))
    (i32.load (i32.const 456)))
  ;; check: old_path_filestat = 10: path_filestat_get lays it out the same way
  (func (export "old_path_filestat") (result i32)
    (drop (call $old_path_filestat_get (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 4) (i32.const 400)))
    (i32.load (i32.const 424)))
  ;; trap: old_filestat_outside: and it traps where those 56 bytes leave memory
  (func (export "old_filestat_outside") (result i32) (call $old_fd_filestat_get (i32.const 3) (i32.const 65481)))
  ;; check: old_filestat_at_the_end = 0: but not before
  (func (export "old_filestat_at_the_end") (result i32) (call $old_fd_filestat_get (i32.const 3) (i32.const 65480)))
  ;; check: old_open = 0: path_open is preview1's
  (func (export "old_open") (result i32)
    (call $old_path_open (i32.const 3) (i32.const 1) (i32.const 1024) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0)
                         (i32.const 0) (i32.const 100)))
  ;; A subscription to the monotonic clock in a millisecond, at 500: userdata 77, tag 0, identifier, clock 1, timeout, precision, flags.
  (func $old_timer
    (i64.store (i32.const 500) (i64.const 77))
    (i32.store (i32.const 524) (i32.const 1))
    (i64.store (i32.const 532) (i64.const 1000000)))
  ;; check: old_poll = 77: A subscription of 56 bytes to a clock comes back with its userdata
  (func (export "old_poll") (result i32)
    (call $old_timer)
    (drop (call $old_poll_oneoff (i32.const 500) (i32.const 600) (i32.const 1) (i32.const 700)))
    (i32.load (i32.const 600)))
  ;; check: old_poll_two = 2: Two of them, one to a descriptor, lie 56 bytes apart
  (func (export "old_poll_two") (result i32)
    (i64.store (i32.const 500) (i64.const 1))                                      ;; a clock, at once
    (i32.store (i32.const 524) (i32.const 1))
    (i64.store (i32.const 556) (i64.const 2))                                      ;; reading `file`
    (i32.store8 (i32.const 564) (i32.const 1))
    (i32.store (i32.const 572) (call $open_file))
    (drop (call $old_poll_oneoff (i32.const 500) (i32.const 600) (i32.const 2) (i32.const 700)))
    (i32.load (i32.const 700)))
  ;; check: old_poll_none = 28: No subscription is inval
  (func (export "old_poll_none") (result i32)
    (call $old_poll_oneoff (i32.const 500) (i32.const 600) (i32.const 0) (i32.const 700)))
)
