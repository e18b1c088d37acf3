// C++ streams on files: the same natively and in Twine. The sections are those of check.h. libc++ for WASI, as Debian builds it, has no
// <fstream>; streams on descriptors, as programs without it write them, take its place.
#include <array>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <streambuf>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

// A buffered stream on a file. Reading and writing share one position, as in std::filebuf.
class FileBuffer : public std::streambuf {
 public:
  FileBuffer(const std::string& path, int flags) : fd_(::open(path.c_str(), flags, 0666)) {}
  FileBuffer(const FileBuffer&) = delete;
  FileBuffer& operator=(const FileBuffer&) = delete;
  ~FileBuffer() override {
    sync();
    if (fd_ >= 0) ::close(fd_);
  }
  bool is_open() const { return fd_ >= 0; }

 protected:
  int_type underflow() override {
    if (sync() != 0) return traits_type::eof();
    const ssize_t size = ::read(fd_, in_.data() + 1, in_.size() - 1);
    if (size <= 0) return traits_type::eof();
    setg(in_.data(), in_.data() + 1, in_.data() + 1 + size);  // one byte before, for putback
    return traits_type::to_int_type(*gptr());
  }
  int_type overflow(int_type byte) override {
    if (sync() != 0) return traits_type::eof();
    setp(out_.data(), out_.data() + out_.size());
    if (!traits_type::eq_int_type(byte, traits_type::eof())) {
      *pptr() = traits_type::to_char_type(byte);
      pbump(1);
    }
    return traits_type::not_eof(byte);
  }
  int sync() override {
    // What was read ahead is given back.
    if (gptr() != egptr() && ::lseek(fd_, gptr() - egptr(), SEEK_CUR) < 0) return -1;
    setg(nullptr, nullptr, nullptr);
    for (const char* from = pbase(); from != pptr();) {
      const ssize_t size = ::write(fd_, from, static_cast<size_t>(pptr() - from));
      if (size < 0) return -1;
      from += size;
    }
    setp(nullptr, nullptr);
    return 0;
  }
  pos_type seekoff(off_type offset, std::ios::seekdir way, std::ios::openmode /*which*/) override {
    if (sync() != 0) return pos_type(off_type(-1));
    return pos_type(::lseek(fd_, offset,
                            way == std::ios::beg   ? SEEK_SET
                            : way == std::ios::cur ? SEEK_CUR
                                                   : SEEK_END));
  }
  pos_type seekpos(pos_type position, std::ios::openmode which) override {
    return seekoff(position, std::ios::beg, which);
  }

 private:
  int fd_;
  std::array<char, 1024> in_{};
  std::array<char, 1024> out_{};
};

class File : public std::iostream {
 public:
  explicit File(const std::string& path, int flags = O_RDONLY)
      : std::iostream(nullptr), buffer_(path, flags) {
    rdbuf(&buffer_);
    if (!buffer_.is_open()) setstate(failbit);
  }

 private:
  FileBuffer buffer_;
};

constexpr int kCreate = O_CREAT | O_TRUNC | O_RDWR;

struct Check {
  const char* sentence;
  void (*body)();
};

void put(const std::string& path, const std::string& contents) {
  File(path, kCreate) << contents;
}

std::string contents_of(const std::string& path) {
  File file(path);
  if (!file) return "cannot be opened";
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const Check kChecks[] = {
    {"A stream makes a file and writes to it",
     [] {
       put("a", "text");
       std::cout << contents_of("a") << "\n";
     }},
    {"A stream on a file that is not there fails",
     [] { std::cout << File("absent").fail() << File("absent").good() << "\n"; }},
    {"A stream on a directory yields nothing",
     [] {
       ::mkdir("d", 0777);
       File directory("d");
       std::string text;
       std::cout << static_cast<bool>(directory >> text) << text.size() << "\n";
     }},
    {"A stream that appends writes at the end",
     [] {
       put("a", "one");
       File("a", O_WRONLY | O_APPEND) << "two";
       std::cout << contents_of("a") << "\n";
     }},
    {"A stream that truncates empties a file",
     [] {
       put("a", "one");
       File("a", O_WRONLY | O_TRUNC) << "";
       std::cout << contents_of("a").size() << "\n";
     }},
    {"A stream reads what it has written",
     [] {
       File file("a", kCreate);
       file << "12 34 56" << std::flush;
       file.seekg(3);
       int number = 0;
       file >> number;
       std::cout << number << " " << file.tellg() << "\n";
     }},
    {"seekp overwrites in the middle",
     [] {
       put("a", "abcdef");
       File file("a", O_RDWR);
       file.seekp(2);
       file << "XY";
       file.flush();
       std::cout << contents_of("a") << "\n";
     }},
    {"tellg at the end is the size",
     [] {
       put("a", std::string(100'000, 'x'));
       File file("a");
       file.seekg(0, std::ios::end);
       std::cout << file.tellg() << "\n";
     }},
    {"Reading beyond the end sets eof and fail",
     [] {
       put("a", "ab");
       File file("a");
       std::array<char, 5> text{};
       file.read(text.data(), text.size());
       std::cout << file.gcount() << file.eof() << file.fail() << file.bad() << "\n";
     }},
    {"getline splits lines, the last without an end too",
     [] {
       put("a", "one\n\nthree");
       File file("a");
       for (std::string line; std::getline(file, line);) std::cout << "[" << line << "]";
       std::cout << "\n";
     }},
    {"Ten thousand numbers are read as they were written",
     [] {
       {
         File file("a", kCreate);
         for (int i = 0; i < 10'000; ++i) file << i * i << '\n';
       }
       File file("a");
       long long sum = 0;
       int count = 0;
       for (long long number = 0; file >> number; ++count) sum += number;
       std::cout << count << " " << sum << "\n";
     }},
    {"Binary data comes back as it went",
     [] {
       std::vector<unsigned char> bytes(70'000);
       for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 31);
       File("a", kCreate).write(reinterpret_cast<const char*>(bytes.data()), 70'000);
       const std::string read = contents_of("a");
       std::cout << read.size() << (std::string(bytes.begin(), bytes.end()) == read) << "\n";
     }},
    {"putback and peek work over a buffer's edge",
     [] {
       put("a", std::string(1022, '.') + "AB");
       File file("a");
       file.ignore(1022);
       const int first = file.get();
       file.putback(static_cast<char>(first));
       std::cout << static_cast<char>(file.get()) << static_cast<char>(file.peek()) << "\n";
     }},
    {"std::remove and std::rename do what they say",
     [] {
       put("a", "1");
       put("b", "2");
       std::cout << std::rename("a", "c") << std::remove("b") << (std::remove("b") != 0) << contents_of("c")
                 << "\n";
     }},
    {"Words of a file are counted",
     [] {
       put("a", "the cat and the dog and the bird");
       File file("a");
       std::map<std::string, int> counts;
       for (std::string word; file >> word;) ++counts[word];
       for (const auto& [word, count] : counts) std::cout << word << count << " ";
       std::cout << "\n";
     }},
    {"Two streams on one file see each other's bytes",
     [] {
       File out("a", kCreate);
       File in("a");
       out << "shared" << std::flush;
       std::string text;
       in >> text;
       std::cout << text << "\n";
     }},
};

}  // namespace

int main() {
  for (size_t i = 0; i < std::size(kChecks); ++i) {
    std::cout << "== " << kChecks[i].sentence << "\n";
    const std::string directory = "c" + std::to_string(i);
    if (::mkdir(directory.c_str(), 0777) != 0 || ::chdir(directory.c_str()) != 0) return 1;
    kChecks[i].body();
    std::cout.flush();
    if (::chdir("..") != 0) return 1;
  }
  return 0;
}
