#include "subverted_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <random>

#include "common/entry.h"
#include "enclave/hostcall/hostcalls.h"
#include "unit/in_process_platform.h"

namespace twine::test {
namespace {

using hostcall::Handle;

constexpr size_t kMounts = 3;
constexpr size_t kMaxLoot = size_t{16} << 20;

wasi::Filestat stat;
std::array<std::byte, 4096> buffer;

// What can be reached through a handle that was yielded.
void use(const wasi::IoResult<Handle>& handle) {
  if (!handle) return;
  static_cast<void>(hostcall::file_read(*handle, 0, std::span<std::byte>(buffer)));
  static_cast<void>(hostcall::directory_read(*handle, 0, std::span<std::byte>(buffer)));
  static_cast<void>(hostcall::file_stat(*handle, "", 0, stat));
  wasi::Filestat ignored{};
  for (const char* next : {"secret", "..", "../outside/secret", "etc/passwd", "outside/secret"}) {
    const auto inner =
        hostcall::file_open(*handle, next, 0, 0, hostcall::kOpenRead | hostcall::kOpenFollow, ignored);
    if (!inner) continue;
    static_cast<void>(hostcall::file_read(*inner, 0, std::span<std::byte>(buffer)));
    static_cast<void>(hostcall::file_close(*inner));
  }
  static_cast<void>(hostcall::file_close(*handle));
}

wasi::IoResult<Handle> open(Handle from, std::string_view path, uint32_t oflags, uint32_t access) {
  return hostcall::file_open(from, path, oflags, 0, access, stat);
}

struct Operation {
  const char* name;
  void (*run)(Handle from, std::string_view path);
};

constexpr uint32_t kAll = hostcall::kOpenRead | hostcall::kOpenWrite | hostcall::kOpenFollow;

constexpr Operation kOperations[] = {
    {"file_open to read",
     [](Handle from, std::string_view path) {
       use(open(from, path, 0, hostcall::kOpenRead | hostcall::kOpenFollow));
     }},
    {"file_open to write",
     [](Handle from, std::string_view path) {
       const auto file = open(from, path, 0, kAll);
       if (file) static_cast<void>(hostcall::file_write(*file, 0, hostcall::as_bytes("overwritten")));
       if (file) static_cast<void>(hostcall::file_set_times(*file, "", 0, 1, 1, 5));
       use(file);
     }},
    {"file_open to create",
     [](Handle from, std::string_view path) { use(open(from, path, wasi::oflags::creat, kAll)); }},
    {"file_open to create, exclusively",
     [](Handle from, std::string_view path) {
       use(open(from, path, wasi::oflags::creat | wasi::oflags::excl, kAll));
     }},
    {"file_open to truncate",
     [](Handle from, std::string_view path) {
       use(open(from, path, wasi::oflags::trunc, hostcall::kOpenFollow));
     }},
    {"file_open of a directory",
     [](Handle from, std::string_view path) { use(open(from, path, wasi::oflags::directory, kAll)); }},
    {"file_open with every flag",
     [](Handle from, std::string_view path) { use(hostcall::file_open(from, path, ~0U, ~0U, ~0U, stat)); }},
    {"file_open without any", [](Handle from, std::string_view path) { use(open(from, path, 0, 0)); }},
    {"file_stat",
     [](Handle from, std::string_view path) {
       static_cast<void>(hostcall::file_stat(from, path, 1, stat));
       static_cast<void>(hostcall::file_stat(from, path, 0, stat));
     }},
    {"file_set_times",
     [](Handle from, std::string_view path) {
       static_cast<void>(hostcall::file_set_times(from, path, 1, 1, 1, 5));
       static_cast<void>(hostcall::file_set_times(from, path, 0, 1, 1, 5));
     }},
    {"directory_create and directory_remove",
     [](Handle from, std::string_view path) {
       static_cast<void>(hostcall::directory_create(from, path));
       static_cast<void>(hostcall::directory_remove(from, path));
     }},
    {"file_unlink",
     [](Handle from, std::string_view path) { static_cast<void>(hostcall::file_unlink(from, path)); }},
    {"file_rename",
     [](Handle from, std::string_view path) {
       for (Handle other = hostcall::kFirstMount; other < hostcall::kFirstMount + kMounts; ++other) {
         static_cast<void>(hostcall::file_rename(from, path, other, "taken"));
         use(open(other, "taken", 0, hostcall::kOpenRead | hostcall::kOpenFollow));
         static_cast<void>(hostcall::file_rename(other, "file", from, path));
       }
     }},
    {"file_link",
     [](Handle from, std::string_view path) {
       for (Handle other = hostcall::kFirstMount; other < hostcall::kFirstMount + kMounts; ++other) {
         static_cast<void>(hostcall::file_link(from, path, /*follow=*/0, other, "taken"));
         static_cast<void>(hostcall::file_link(from, path, /*follow=*/1, other, "followed"));
         use(open(other, "followed", 0, hostcall::kOpenRead | hostcall::kOpenFollow));
         use(open(other, "taken", 0, hostcall::kOpenRead | hostcall::kOpenFollow));
         static_cast<void>(hostcall::file_link(other, "file", /*follow=*/0, from, path));
       }
     }},
    {"symlink_create, and through it",
     [](Handle from, std::string_view path) {
       static_cast<void>(hostcall::symlink_create("file", from, path));
       static_cast<void>(hostcall::symlink_create(path, from, "made"));
       use(open(from, "made", 0, kAll));
       use(open(from, "made", wasi::oflags::creat, kAll));
       use(open(from, "made/secret", 0, hostcall::kOpenRead | hostcall::kOpenFollow));
     }},
    {"symlink_read",
     [](Handle from, std::string_view path) {
       static_cast<void>(hostcall::symlink_read(from, path, std::span<std::byte>(buffer)));
     }},
};
static_assert(std::size(kOperations) == kSubvertedOperations);

}  // namespace

SubvertedEnclave::SubvertedEnclave(const House& house) : null_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {
  host::ServicesConfig config;
  config.mounts = {{.host_path = house.mount(), .read_only = false},
                   {.host_path = house.second(), .read_only = false},
                   {.host_path = house.read_only(), .read_only = true}};
  config.standard_input = config.standard_output = config.standard_error = null_;
  services_ = host::Services::create(std::move(config)).value();
  testing::set_host([this] { serve(); });
}

SubvertedEnclave::~SubvertedEnclave() {
  testing::set_host([] {});
  ::close(null_);
}

const char* SubvertedEnclave::name(size_t operation) {
  return kOperations[operation].name;
}

void SubvertedEnclave::serve() {
  services_->serve(testing::test_arena());
  // Everything the host can have written lies in what was asked for; the first part of the data area is enough of it.
  const auto data = testing::test_arena().subspan(kArenaDataOffset, 8192);
  if (loot_.size() < kMaxLoot) loot_.append(reinterpret_cast<const char*>(data.data()), data.size());
}

void SubvertedEnclave::attempt(size_t operation, const std::string& path) {
  // A name of more than kMaxPath bytes never leaves an honest enclave; noise() stages it by hand.
  for (Handle mount = hostcall::kFirstMount; mount < hostcall::kFirstMount + kMounts; ++mount)
    kOperations[operation].run(mount, path);
}

void SubvertedEnclave::noise(uint64_t seed, uint64_t count) {
  std::mt19937_64 random(seed);
  const auto ways = [&]() -> std::string {
    constexpr const char* kNames[] = {
        "..", "../outside/secret", "/etc/passwd", "relative", "proc-root/etc/passwd", "file", "up", "new"};
    return kNames[random() % std::size(kNames)];
  };
  for (uint64_t i = 0; i < count; ++i) {
    const auto arena = testing::test_arena();
    ArenaHeader header{};
    // No sockets: they lead to no file, and a confined process is killed for the first (confine_test).
    header.call = random() % static_cast<uint64_t>(hostcall::Call::socket_open);
    // No poll: one for ever is what a subverted enclave may ask for.
    if (header.call == static_cast<uint64_t>(hostcall::Call::poll)) continue;
    const std::string path = ways();
    std::memcpy(arena.data() + kArenaDataOffset, path.data(), path.size());
    for (uint64_t& word : header.args) {
      const uint64_t kind = random() % 6;
      word = kind == 0   ? random()
             : kind == 1 ? kArenaDataOffset
             : kind == 2 ? path.size()
             : kind == 3 ? kArenaDataEnd - random() % 64
                         : random() % 8;
    }
    std::memcpy(arena.data(), &header, sizeof header);
    serve();
  }
}

}  // namespace twine::test
