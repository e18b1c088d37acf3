// Whole files, read and written with errors a user can act on.
//
// Every error begins with the path as the user gave it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "common/result.h"

namespace twine::host {

// Reads a regular file, or what a pipe yields until its end. Errors: not_found, permission, limit (more than
// `limit` bytes, before they are read), invalid_argument (a directory or a device), io.
Result<std::vector<uint8_t>> read_file(const std::filesystem::path& path, uint64_t limit);

// Writes a file as a whole or not at all: into a file of another name in the same directory, then renamed. A
// reader sees the old contents or the new ones; a failure leaves nothing behind. The mode is `mode` without
// the umask's bits. An existing device or pipe
// (/dev/stdout) is written to directly. Errors: not_found (the directory), permission, invalid_argument (a
// directory), io (disk full).
Result<void> write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes,
                        mode_t mode = 0666);

// As write_file, but leaves a file alone that is there already, even one that appears meanwhile. Returns
// whether it wrote.
Result<bool> create_file(const std::filesystem::path& path, std::span<const uint8_t> bytes, mode_t mode);

// Creates a directory and its parents, each with mode 0700. No error if it is there. Errors: permission, io.
Result<void> create_private_directory(const std::filesystem::path& path);

// "app.wasm: no such file" and the like, for a system error number.
Error system_error(const std::filesystem::path& path, int error_number);

}  // namespace twine::host
