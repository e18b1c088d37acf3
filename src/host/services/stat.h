// struct stat as WASI has it.
#pragma once

#include <sys/stat.h>

#include "common/wasi_types.h"

namespace twine::host {

wasi::Filetype to_wasi_filetype(mode_t mode);
wasi::IoResult<wasi::Filestat> stat_fd(int fd);  // any descriptor, O_PATH included

}  // namespace twine::host
