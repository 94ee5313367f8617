// The user's cache of compiled kernels: one file an entry, "INGOTKC1", the digest of the rest, the key, the code.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/env.h"
#include "base/hash.h"
#include "device/cuda/kernel_compiler.h"

namespace ingot::cuda {
namespace {

constexpr char kMagic[] = "INGOTKC1";
constexpr size_t kMagicBytes = 8, kDigestBytes = 32, kHeadBytes = kMagicBytes + kDigestBytes;
constexpr size_t kMostBytes = size_t{256} << 20;

bool is_own_folder(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 022) == 0;
}

// Makes the folder and those above it; those that are there already stay as they are.
bool make_folder(const std::string& path) {
  for (size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    const std::string part = path.substr(0, at);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return false;
  }
  return is_own_folder(path);
}

std::string entry_path(const std::string& key) {
  const std::string folder = cache_folder();
  return folder.empty() ? "" : folder + "/" + key + ".kernel";
}

}  // namespace

std::string cache_folder() {
  std::string base;
  if (const auto own = environment("INGOT_CACHE_DIR")) {
    base = *own;
  } else if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') {
    base = std::string(cache) + "/ingot";
  } else if (const char* home = std::getenv("HOME"); home && *home == '/') {
    base = std::string(home) + "/.cache/ingot";
  }
  if (base.empty()) return "";
  base += "/kernels";
  return make_folder(base) ? base : "";
}

bool read_cache_entry(const std::string& key, std::vector<std::byte>* bytes) {
  const std::string path = entry_path(key);
  if (path.empty()) return false;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return false;
  struct stat info {};
  bool good = fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid();
  const auto size = static_cast<size_t>(good ? info.st_size : 0);
  good = good && size > kHeadBytes + key.size() && size <= kMostBytes;
  std::vector<std::byte> all;
  if (good) {
    all.resize(size);
    size_t at = 0;
    while (at < size) {
      const ssize_t got = read(file, all.data() + at, size - at);
      if (got <= 0) break;
      at += static_cast<size_t>(got);
    }
    good = at == size;
  }
  close(file);
  if (!good) return false;
  const auto* text = reinterpret_cast<const char*>(all.data());
  const std::string digest = hash_bytes(all.data() + kHeadBytes, size - kHeadBytes).hex();
  if (std::memcmp(text, kMagic, kMagicBytes) != 0 || digest.size() != kDigestBytes ||
      std::memcmp(text + kMagicBytes, digest.data(), kDigestBytes) != 0 || std::memcmp(text + kHeadBytes, key.data(), key.size()) != 0)
    return false;
  bytes->assign(all.begin() + static_cast<std::ptrdiff_t>(kHeadBytes + key.size()), all.end());
  return true;
}

void write_cache_entry(const std::string& key, const std::vector<std::byte>& bytes) {
  const std::string path = entry_path(key);
  if (path.empty()) return;
  std::string rest = key;
  rest.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string all = kMagic + hash_text(rest).hex() + rest;
  static std::atomic<int> counter{0};
  const std::string temporary = path + "." + std::to_string(getpid()) + "." + std::to_string(counter++);
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return;
  size_t at = 0;
  while (at < all.size()) {
    const ssize_t put = write(file, all.data() + at, all.size() - at);
    if (put <= 0) break;
    at += static_cast<size_t>(put);
  }
  const bool whole = close(file) == 0 && at == all.size();
  // Readers see the old entry, none, or this one as a whole.
  if (!whole || rename(temporary.c_str(), path.c_str()) != 0) unlink(temporary.c_str());
}

}  // namespace ingot::cuda
