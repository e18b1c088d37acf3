/* Twine's C interface: run WebAssembly/WASI programs inside SGX enclaves. The `twine` program is written on
 * it.
 *
 *     twine_enclave *enclave;
 *     twine_module *module;
 *     twine_launch *launch;
 *     twine_result *result;
 *     twine_error *error = twine_enclave_load(NULL, TWINE_SGX_AUTO, &enclave);
 *     if (!error) error = twine_module_read("app.wasm", NULL, &module);
 *     if (!error) {
 *       launch = twine_launch_new(module);
 *       twine_launch_add_argument(launch, "app.wasm");
 *       error = twine_launch_run(launch, enclave, &result);
 *     }
 *     if (error) fprintf(stderr, "%s\n", twine_error_message(error));
 *
 * Conventions
 *
 * - Errors: a function that can fail returns NULL when it succeeded, else an error that the caller deletes;
 * its outputs are then untouched. Messages are one sentence for a person: the thing, the fault, the remedy.
 *
 * - Ownership: whoever gets an object from a `_new`, `_load`, `_read` or through an out-parameter deletes it
 * with the type's `_delete`, which accepts NULL. Strings and bytes that are passed in are copied. A pointer
 * that is returned stays valid as long as the object it was asked of, and until its next change. An enclave
 * and modules may be deleted while a launch refers to them: launches keep what they need.
 *
 * - Threads: different objects may be used on different threads. One object may be read by several at once,
 * and changed by one. twine_launch_run may run on several threads at once, with one enclave or several.
 *
 * - Signals: an emulated enclave handles SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP and SIGSYS on threads that
 * are inside it. Handlers that the program installed before its first launch see all others.
 *
 * - Stability: types are opaque and enumerators keep their numbers. A structure begins with its size, which
 * the caller sets, so that members can be added.
 *
 * - Text is UTF-8. Paths are the system's bytes.
 */
#ifndef TWINE_TWINE_H
#define TWINE_TWINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TWINE_API __attribute__((visibility("default")))
#define TWINE_MUST_USE __attribute__((warn_unused_result))
#else
#define TWINE_API
#define TWINE_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0"; of the library, not of this header. */
TWINE_API const char* twine_version(void);

/* --- Errors --- */

typedef struct twine_error twine_error;

typedef enum twine_error_code {
  TWINE_ERROR_INVALID_ARGUMENT = 1, /* the caller's input is wrong */
  TWINE_ERROR_MALFORMED = 2,        /* bytes do not follow their format */
  TWINE_ERROR_INVALID_MODULE = 3,   /* well-formed Wasm that validation refuses */
  TWINE_ERROR_UNSUPPORTED = 4,      /* correct, but beyond what this build or machine offers */
  TWINE_ERROR_NOT_FOUND = 5,
  TWINE_ERROR_PERMISSION = 6,
  TWINE_ERROR_OUT_OF_MEMORY = 7,
  TWINE_ERROR_LIMIT = 8,     /* a configured bound was reached */
  TWINE_ERROR_SIGNATURE = 9, /* a signature, hash or key does not match */
  TWINE_ERROR_LINK = 10,     /* an import is missing or has another type */
  TWINE_ERROR_IO = 11,       /* the operating system refused */
  TWINE_ERROR_INTERNAL = 12, /* a fault of Twine's own, or the enclave died; the message has its reason */
} twine_error_code;

TWINE_API twine_error_code twine_error_get_code(const twine_error* error);
TWINE_API const char* twine_error_message(const twine_error* error);
TWINE_API void twine_error_delete(twine_error* error);

/* --- Enclaves --- */

/* An enclave image with its signature, and where it shall run. Each launch gets a fresh enclave of it. */
typedef struct twine_enclave twine_enclave;

typedef enum twine_sgx {
  TWINE_SGX_AUTO = 0,     /* hardware where its driver is present, else emulated */
  TWINE_SGX_HARDWARE = 1, /* the Linux SGX driver, or an error that names what is missing */
  TWINE_SGX_EMULATED = 2, /* software SGX; it keeps no secrets, and every launch says so on standard error */
} twine_sgx;

/* Reads an enclave image and its SIGSTRUCT, PATH and PATH.sig, and checks that they fit together. `path`
 * NULL: twine-enclave in the running program's directory. Errors: NOT_FOUND, PERMISSION, MALFORMED,
 * SIGNATURE, UNSUPPORTED (no such SGX here), IO. */
TWINE_API TWINE_MUST_USE twine_error* twine_enclave_load(const char* path, twine_sgx sgx,
                                                         twine_enclave** enclave);
/* The same for debugging: takes PATH.debug.sig, which allows ATTRIBUTES.DEBUG (`twine sign --debug`), and every launch gets an
 * enclave with that attribute. Its host reads and changes everything in it, its sealing keys are others, and whoever verifies it
 * sees the attribute. Errors: those of twine_enclave_load. */
TWINE_API TWINE_MUST_USE twine_error* twine_enclave_load_debug(const char* path, twine_sgx sgx,
                                                               twine_enclave** enclave);
TWINE_API void twine_enclave_delete(twine_enclave* enclave);

/* The enclave's measurement and its signer, 32 bytes each, as they stand in its SIGSTRUCT; the processor
 * compares MRENCLAVE at launch. */
TWINE_API void twine_enclave_mrenclave(const twine_enclave* enclave, uint8_t mrenclave[32]);
TWINE_API void twine_enclave_mrsigner(const twine_enclave* enclave, uint8_t mrsigner[32]);

/* ISVSVN, the image's security version, as it stands in the SIGSTRUCT. */
TWINE_API uint16_t twine_enclave_isv_svn(const twine_enclave* enclave);
/* Whether launches run with ATTRIBUTES.DEBUG. */
TWINE_API bool twine_enclave_is_debug(const twine_enclave* enclave);
/* Whether launches run in software SGX. */
TWINE_API bool twine_enclave_is_emulated(const twine_enclave* enclave);

/* --- Compilation --- */

/* How .wasm becomes machine code. */
typedef struct twine_compile_options twine_compile_options;

/* Called while compiling, from any thread but one at a time: bytes of function bodies done, and of all. */
typedef void twine_progress(uint64_t done, uint64_t total, void* context);

/* Defaults: level 2; x86-64-v3 where this machine has it, else x86-64-v2; the user's own key, made on first
 * use; the user's cache. */
TWINE_API twine_compile_options* twine_compile_options_new(void);
TWINE_API void twine_compile_options_delete(twine_compile_options* options);

/* 0 to 3. Errors: INVALID_ARGUMENT. */
TWINE_API TWINE_MUST_USE twine_error* twine_compile_options_set_level(twine_compile_options* options,
                                                                      int level);
/* "native", "x86-64-v2", "x86-64-v3", "x86-64-v4". Errors: INVALID_ARGUMENT. */
TWINE_API TWINE_MUST_USE twine_error* twine_compile_options_set_cpu(twine_compile_options* options,
                                                                    const char* cpu);
/* Threads to compile on; 0, the default: as many as there are processors. */
TWINE_API void twine_compile_options_set_jobs(twine_compile_options* options, unsigned jobs);
/* Makes code that counts what it executes, so that twine_launch_set_fuel can limit it; such code is slower. Off by default. */
TWINE_API void twine_compile_options_set_fuel(twine_compile_options* options, bool enabled);
/* Whether results are looked up in, and left in, $XDG_CACHE_HOME/twine. */
TWINE_API void twine_compile_options_set_cache(twine_compile_options* options, bool enabled);
/* PEM file of the Ed25519 key that signs; it must exist. */
TWINE_API void twine_compile_options_set_signing_key(twine_compile_options* options, const char* path);
/* MRENCLAVE that alone may run the code; NULL: any. */
TWINE_API void twine_compile_options_set_enclave(twine_compile_options* options, const uint8_t mrenclave[32]);
TWINE_API void twine_compile_options_set_progress(twine_compile_options* options, twine_progress* progress,
                                                  void* context);

/* --- Modules --- */

/* A compiled module: machine code and the Wasm it was made from, signed. */
typedef struct twine_module twine_module;

/* Reads a .wasm file, and compiles it as `options` (NULL: the defaults) say, or a .twm file, which is taken
 * as it is. Which one it is, its first bytes tell. A .wat file is refused with the command that translates
 * it. Errors: NOT_FOUND, PERMISSION, IO, LIMIT, MALFORMED, INVALID_MODULE (with byte offset and reason),
 * UNSUPPORTED. */
TWINE_API TWINE_MUST_USE twine_error* twine_module_read(const char* path,
                                                        const twine_compile_options* options,
                                                        twine_module** module);
/* The same from memory. `name` is used in messages and backtraces. */
TWINE_API TWINE_MUST_USE twine_error* twine_module_from_bytes(const char* name, const uint8_t* bytes,
                                                              size_t size,
                                                              const twine_compile_options* options,
                                                              twine_module** module);
TWINE_API void twine_module_delete(twine_module* module);

/* The .twm file's bytes, to be stored and read again. */
TWINE_API const uint8_t* twine_module_bytes(const twine_module* module, size_t* size);
/* SHA-256 of the Wasm module. */
TWINE_API void twine_module_wasm_sha256(const twine_module* module, uint8_t digest[32]);
/* The Ed25519 public key that signed. */
TWINE_API void twine_module_signer(const twine_module* module, uint8_t key[32]);

/* What went wrong without hindering: the cache cannot be written, and why. NULL if nothing. */
TWINE_API const char* twine_module_warning(const twine_module* module);

/* --- Launches --- */

/* What shall be run, with what. Everything here but host paths and file descriptors goes into the launch
 * manifest, which the enclave reads and evidence binds. */
typedef struct twine_launch twine_launch;

/* A launch of `module`'s _start. The code's signer is accepted if it is the user's own key; others must be
 * named with twine_launch_trust_key. */
TWINE_API twine_launch* twine_launch_new(const twine_module* module);
TWINE_API void twine_launch_delete(twine_launch* launch);

/* Instantiates another module first, whose exports can be imported as NAME. In order of the calls. */
TWINE_API void twine_launch_add_preload(twine_launch* launch, const char* name, const twine_module* module);
/* Calls this export instead of _start, after _initialize where there is one. */
TWINE_API void twine_launch_set_invoke(twine_launch* launch, const char* export_name);
/* One more argument of the guest. The first is its program name by custom. With an invoked export, the
 * arguments after the first are the function's, written as decimal numbers. */
TWINE_API void twine_launch_add_argument(twine_launch* launch, const char* argument);
/* NAME=VALUE. Errors: INVALID_ARGUMENT. The guest sees no other variable. */
TWINE_API TWINE_MUST_USE twine_error* twine_launch_add_environment(twine_launch* launch,
                                                                   const char* variable);
/* Lends the host's directory `host_path` to the guest, who finds it as `guest_path` and nothing outside it.
 */
TWINE_API void twine_launch_add_directory(twine_launch* launch, const char* host_path, const char* guest_path,
                                          bool read_only);
/* Gives the guest an empty directory in enclave memory, which the host never sees and which ends with the launch.
 * It may hold `bytes`, file contents and names together, 512 MiB in all such directories; beyond it writing fails (ENOSPC). */
TWINE_API void twine_launch_add_memory_directory(twine_launch* launch, const char* guest_path,
                                                 uint64_t bytes);
/* Listens on "127.0.0.1:8080" or "[::1]:8080" at once, for the guest to accept connections there. Its descriptor comes after those of
 * the directories (3, if there are none), sockets in the order of the calls. Port 0 is any free one; which, `port` tells (may be
 * NULL). Errors: INVALID_ARGUMENT, IO, PERMISSION. */
TWINE_API TWINE_MUST_USE twine_error* twine_launch_add_listener(twine_launch* launch, const char* address,
                                                                uint16_t* port);
/* Lends the guest an open stream or datagram socket, listening or not, which stays the caller's to close. Errors: INVALID_ARGUMENT. */
TWINE_API TWINE_MUST_USE twine_error* twine_launch_add_socket(twine_launch* launch, int descriptor);
/* Allows the guest to open sockets and to reach what the rule says: [listen:]HOST:PORT, as `twine run --allow-net` has it. Nothing is
 * allowed without. Errors: INVALID_ARGUMENT. */
TWINE_API TWINE_MUST_USE twine_error* twine_launch_allow_network(twine_launch* launch, const char* rule);
/* Bytes that a linear memory may grow to; 4 GiB by default. memory.grow beyond it fails, and a module that
 * starts with more is refused. */
TWINE_API void twine_launch_set_memory_limit(twine_launch* launch, uint64_t bytes);
/* Elements that a table may have; 10,000,000 by default. table.grow beyond it fails, and a module that starts with more is
 * refused. */
TWINE_API void twine_launch_set_table_limit(twine_launch* launch, uint64_t elements);
/* Instances of modules that a launch may have, the program's own included; 10,000 by default. */
TWINE_API void twine_launch_set_instance_limit(twine_launch* launch, uint64_t instances);
/* Nanoseconds after which the guest is interrupted, wherever it is; 0, the default: never. It then ends with the trap
 * `interrupted`. The clock starts when the enclave is entered. */
TWINE_API void twine_launch_set_timeout(twine_launch* launch, uint64_t nanoseconds);
/* Between what times the host's wall clock is believed, in nanoseconds since 1970, both included; any by default. A host that says another
 * time ends the enclave. The range is part of the launch manifest. */
TWINE_API void twine_launch_set_wall_time(twine_launch* launch, uint64_t not_before, uint64_t not_after);
/* Units of fuel that the guest may use, preloaded modules included; not limited by default. A unit is a WebAssembly operator that was
 * executed (docs/abi.md has the exceptions), so the same run uses the same fuel everywhere. A guest that cannot pay ends with the trap
 * `all fuel consumed`. Every module must have been compiled with twine_compile_options_set_fuel. */
TWINE_API void twine_launch_set_fuel(twine_launch* launch, uint64_t units);
typedef enum twine_confinement {
  TWINE_CONFINE_OFF = 0,
  TWINE_CONFINE_AUTO = 1,   /* as far as the kernel can */
  TWINE_CONFINE_REQUIRE = 2 /* files and system calls at least, or the launch fails with UNSUPPORTED */
} twine_confinement;
/* Whether the calling process gives up, for good, what serving this launch does not need, before the enclave
 * is entered: files outside the lent directories, network, system calls, core dumps, new privileges. For a
 * program that does nothing else afterwards; off by default. The process must have one thread only
 * (INVALID_ARGUMENT), and can hardly launch again. docs/threat-model.md lists the measures. */
TWINE_API void twine_launch_set_confinement(twine_launch* launch, twine_confinement confinement);
typedef enum twine_exitless {
  TWINE_EXITLESS_OFF = 0,
  TWINE_EXITLESS_ON = 1,
  TWINE_EXITLESS_AUTO = 2 /* where the process has a second processor, and the guest calls often */
} twine_exitless;
/* Whether a second thread of the calling process serves the guest's calls while the enclave waits inside, which saves the exit and costs
 * that thread's processor as long as calls come; AUTO by default. What the guest gets is the same. */
TWINE_API void twine_launch_set_exitless(twine_launch* launch, twine_exitless exitless);
/* Accepts code signed by this Ed25519 key. */
TWINE_API void twine_launch_trust_key(twine_launch* launch, const uint8_t key[32]);
/* Leaves /tmp/perf-PID.map, by which perf knows the functions inside. Of debug enclaves only: the launch fails with INVALID_ARGUMENT
 * otherwise. */
TWINE_API void twine_launch_set_perf_map(twine_launch* launch, bool enabled);
/* Adds lines of the source to backtraces, by the DWARF in the modules (compiled with -g); off by default. It is read by this
 * process, not by the enclave, from the modules' files, so the enclave tells no more than without. */
TWINE_API void twine_launch_set_debug_info(twine_launch* launch, bool enabled);
/* The guest's standard input, output and error, -1 for an empty one; the process's own by default. Borrowed.
 */
TWINE_API void twine_launch_set_standard_files(twine_launch* launch, int input, int output, int error);
/* Collects standard output and error in memory instead, for twine_result_output. */
TWINE_API void twine_launch_capture_output(twine_launch* launch);

typedef struct twine_result twine_result;

/* Builds an enclave, runs the launch in it on the calling thread, and tears it down. A guest that exits or
 * traps is a result, whatever its status; an error means that nothing could run, or that the enclave died. A
 * launch may be run again. */
TWINE_API TWINE_MUST_USE twine_error* twine_launch_run(const twine_launch* launch,
                                                       const twine_enclave* enclave, twine_result** result);

/* An enclave that several launches share, at once and one after the other, each called from a host thread of its own. It is built once, so
 * a launch in it costs no more than loading its module. Every launch has its own manifest, memories and files and sees nothing of the others;
 * they share the enclave's heap (768 MiB), code space (1 GiB), and fate: when one ends the enclave (a host attack), all are over.
 * Up to 16 run at once; further calls wait. */
typedef struct twine_shared_enclave twine_shared_enclave;

/* Builds it; `enclave` must outlive it. Errors: those of building in twine_launch_run. */
TWINE_API TWINE_MUST_USE twine_error* twine_enclave_share(const twine_enclave* enclave,
                                                          twine_shared_enclave** shared);
/* Tears it down; no launch may be running in it. */
TWINE_API void twine_shared_enclave_delete(twine_shared_enclave* shared);
/* As twine_launch_run, in an enclave that stands already; from any number of threads, of one launch object too. The statistics'
 * entries, exits and pages are those of the whole enclave so far. INVALID_ARGUMENT for a launch that confines the process. */
TWINE_API TWINE_MUST_USE twine_error* twine_launch_run_shared(const twine_launch* launch,
                                                              twine_shared_enclave* shared,
                                                              twine_result** result);

/* --- Results --- */

TWINE_API void twine_result_delete(twine_result* result);

/* The guest's status: what it gave to proc_exit, 0 when _start returned, TWINE_TRAP_STATUS after a trap. */
#define TWINE_TRAP_STATUS 134
TWINE_API uint32_t twine_result_exit_status(const twine_result* result);
/* The trap in the specification's words, "integer divide by zero"; NULL if the guest did not trap. */
TWINE_API const char* twine_result_trap(const twine_result* result);
/* "trap: NAME" and the backtrace, innermost frame first, a line each; NULL if the guest did not trap. */
TWINE_API const char* twine_result_backtrace(const twine_result* result);
/* Results of an invoked export, a line each: "42", "1.5", "funcref". Empty otherwise. */
TWINE_API const char* twine_result_values(const twine_result* result);

/* What the process was confined by: "no new privileges, no core dump, files, network, system calls"; "nothing". */
TWINE_API const char* twine_result_confinement(const twine_result* result);

typedef enum twine_stream { TWINE_STDOUT = 1, TWINE_STDERR = 2 } twine_stream;
/* What the guest wrote, if the launch captured it; else NULL and *size 0. */
TWINE_API const uint8_t* twine_result_output(const twine_result* result, twine_stream stream, size_t* size);

/* What a launch cost. Times in nanoseconds, of the wall clock. Of an emulated enclave they say nothing about
 * SGX. */
typedef struct twine_statistics {
  size_t size; /* sizeof(twine_statistics), set by the caller */
  bool emulated;
  bool exact_counts; /* entries, exits and asynchronous exits are all; else only those the host is told of */
  bool compiled;     /* the module was compiled now; else it came from the cache or was compiled before */
  uint64_t read_ns;  /* reading module files */
  uint64_t compile_ns; /* compiling, or reading the cache */
  uint64_t image_ns;   /* reading the enclave image, laying out its pages */
  uint64_t create_ns;  /* ECREATE, EADD, EEXTEND, EINIT, mapping */
  uint64_t enter_ns;   /* from the first EENTER into the enclave's runtime */
  uint64_t load_ns;    /* inside: modules copied in, verified, mapped */
  uint64_t instantiate_ns;
  uint64_t guest_ns; /* from the guest's first instruction to its last */
  uint64_t finish_ns;
  uint64_t enclave_entries; /* EENTER and ERESUME */
  uint64_t enclave_exits;   /* EEXIT */
  uint64_t asynchronous_exits;
  uint64_t interrupts; /* those of them that no exception caused; 0 unless exact_counts */
  uint64_t host_calls;
  uint64_t committed_pages; /* the enclave's pages at the end, of 4 KiB */
  uint64_t peak_pages;
  uint64_t linear_memory_bytes;
  bool fuel_limited;       /* by twine_launch_set_fuel */
  uint64_t fuel_used;      /* units, by code that counts them */
  uint64_t exitless_calls; /* of host_calls: served while the enclave waited inside */
} twine_statistics;

/* Fills `statistics`, up to its size. Errors: INVALID_ARGUMENT (size not set). */
TWINE_API TWINE_MUST_USE twine_error* twine_result_statistics(const twine_result* result,
                                                              twine_statistics* statistics);

#ifdef __cplusplus
}
#endif

#endif
