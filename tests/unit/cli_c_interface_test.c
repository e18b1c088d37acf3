/* The C interface from C: a module runs, its output, status and costs come back; each error is one sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twine/twine.h"

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(EXIT_FAILURE);                                             \
    }                                                                 \
  } while (0)

static void succeed(twine_error* error) {
  if (error == NULL) return;
  fprintf(stderr, "%s\n", twine_error_message(error));
  exit(EXIT_FAILURE);
}

static void fail_with(twine_error* error, twine_error_code code, const char* words) {
  CHECK(error != NULL);
  CHECK(twine_error_get_code(error) == code);
  CHECK(strstr(twine_error_message(error), words) != NULL);
  twine_error_delete(error);
}

/* (module (memory (export "memory") 1)
 *   (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
 *   (func (export "divide") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)) */
static const uint8_t arithmetic[] = {
    0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00, 0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7f,
    0x01, 0x7f, 0x03, 0x03, 0x02, 0x00, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x19, 0x03,
    0x06, 'm',  'e',  'm',  'o',  'r',  'y',  0x02, 0x00, 0x03, 'a',  'd',  'd',  0x00, 0x00,
    0x06, 'd',  'i',  'v',  'i',  'd',  'e',  0x00, 0x01, 0x0a, 0x11, 0x02, 0x07, 0x00, 0x20,
    0x00, 0x20, 0x01, 0x6a, 0x0b, 0x07, 0x00, 0x20, 0x00, 0x20, 0x01, 0x6d, 0x0b};

static twine_result* call(const twine_enclave* enclave, const twine_module* module, const char* name,
                          const char* a, const char* b) {
  twine_launch* launch = twine_launch_new(module);
  twine_launch_set_invoke(launch, name);
  twine_launch_add_argument(launch, "arithmetic.wasm");
  twine_launch_add_argument(launch, a);
  twine_launch_add_argument(launch, b);
  twine_launch_capture_output(launch);
  twine_result* result = NULL;
  succeed(twine_launch_run(launch, enclave, &result));
  twine_launch_delete(launch);
  return result;
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  char directory[] = "/tmp/twine-c-XXXXXX";
  CHECK(mkdtemp(directory) != NULL);
  CHECK(setenv("XDG_CONFIG_HOME", directory, 1) == 0);

  twine_enclave* enclave = NULL;
  fail_with(twine_enclave_load("/no/such/image", TWINE_SGX_AUTO, &enclave), TWINE_ERROR_NOT_FOUND,
            "/no/such/image");
  succeed(twine_enclave_load(argv[1], TWINE_SGX_AUTO, &enclave));

  twine_compile_options* options = twine_compile_options_new();
  twine_compile_options_set_cache(options, false);
  fail_with(twine_compile_options_set_level(options, 4), TWINE_ERROR_INVALID_ARGUMENT, "0 to 3");
  fail_with(twine_compile_options_set_cpu(options, "6502"), TWINE_ERROR_INVALID_ARGUMENT, "6502");

  twine_module* module = NULL;
  fail_with(twine_module_from_bytes("short.wasm", arithmetic, 20, options, &module), TWINE_ERROR_MALFORMED,
            "short.wasm");
  CHECK(module == NULL);
  succeed(twine_module_from_bytes("arithmetic.wasm", arithmetic, sizeof arithmetic, options, &module));
  twine_compile_options_delete(options);

  twine_result* result = call(enclave, module, "add", "40", "2");
  CHECK(twine_result_exit_status(result) == 0);
  CHECK(twine_result_trap(result) == NULL);
  CHECK(strcmp(twine_result_values(result), "42\n") == 0);
  size_t size = 1;
  CHECK(twine_result_output(result, TWINE_STDOUT, &size) != NULL || size == 0);
  twine_statistics statistics;
  statistics.size = sizeof statistics;
  succeed(twine_result_statistics(result, &statistics));
  CHECK(statistics.size == sizeof statistics);
  CHECK(statistics.enclave_entries > 0 && statistics.host_calls > 0 && statistics.committed_pages > 0);
  CHECK(statistics.emulated == twine_enclave_is_emulated(enclave));
  statistics.size = 0;
  fail_with(twine_result_statistics(result, &statistics), TWINE_ERROR_INVALID_ARGUMENT, "size");
  twine_result_delete(result);

  result = call(enclave, module, "divide", "1", "0");
  CHECK(twine_result_exit_status(result) == TWINE_TRAP_STATUS);
  CHECK(strcmp(twine_result_trap(result), "integer divide by zero") == 0);
  CHECK(strstr(twine_result_backtrace(result), "divide") != NULL);
  twine_result_delete(result);

  twine_launch* launch = twine_launch_new(module);
  twine_module_delete(module); /* the launch keeps what it needs */
  twine_launch_add_argument(launch, "arithmetic.wasm");
  twine_launch_set_invoke(launch, "subtract");
  fail_with(twine_launch_run(launch, enclave, &result), TWINE_ERROR_NOT_FOUND, "add, divide");
  twine_launch_set_invoke(launch, "add");
  fail_with(twine_launch_run(launch, enclave, &result), TWINE_ERROR_INVALID_ARGUMENT, "takes 2 arguments");
  fail_with(twine_launch_add_environment(launch, "NOVALUE"), TWINE_ERROR_INVALID_ARGUMENT, "NAME=VALUE");
  twine_launch_add_argument(launch, "1");
  twine_launch_add_argument(launch, "2");
  twine_launch_add_directory(launch, "/no/such/directory", "/data", true);
  fail_with(twine_launch_run(launch, enclave, &result), TWINE_ERROR_NOT_FOUND, "/no/such/directory");
  twine_launch_delete(launch);
  twine_enclave_delete(enclave);
  return EXIT_SUCCESS;
}
