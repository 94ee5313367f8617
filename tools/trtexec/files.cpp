#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "log.h"

namespace ingot::trtexec {

namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// What is in the folder of a file that is missing, the likeliest meant first.
std::string neighbours(const std::string& path) {
  const std::string folder = folder_of(path);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
  if (!directory) return "; there is no folder '" + folder + "' that can be read";
  const auto ending = [](const std::string& name) { return name.substr(std::min(name.size(), name.rfind('.'))); };
  std::vector<std::string> alike, others;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name[0] != '.') (ending(name) == ending(path) ? alike : others).push_back(name);
  }
  std::sort(alike.begin(), alike.end());
  std::sort(others.begin(), others.end());
  alike.insert(alike.end(), others.begin(), others.end());
  if (alike.empty()) return "; the folder '" + folder + "' is empty";
  std::string text = "; the folder '" + folder + "' has ";
  for (size_t i = 0; i < alike.size() && i < 6; ++i) text += (i ? ", " : "") + alike[i];
  return text + (alike.size() > 6 ? " and " + std::to_string(alike.size() - 6) + " more" : "");
}

}  // namespace

bool file_exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool read_file(const std::string& path, std::string& bytes) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return fail("Cannot read '" + path + "': it is a folder" + neighbours(path + "/"));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) {
    const int error = errno;
    return fail("Cannot read '" + path + "': " + std::strerror(error) + (error == ENOENT ? neighbours(path) : ""));
  }
  bytes.clear();
  bytes.reserve(static_cast<size_t>(std::max<off_t>(status.st_size, 0)));
  std::vector<char> block(1 << 20);
  while (const size_t count = std::fread(block.data(), 1, block.size(), file.get())) bytes.append(block.data(), count);
  return !std::ferror(file.get()) || fail("Cannot read '" + path + "' to its end: " + std::strerror(errno));
}

bool FileView::open(const std::string& path) {
  struct stat status {};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    void* mapped = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (mapped != MAP_FAILED) {
      data_ = mapped_ = mapped;
      size_ = static_cast<size_t>(status.st_size);
    }
  }
  if (file >= 0) close(file);
  if (mapped_) return true;
  if (!read_file(path, bytes_)) return false;  // pipes and their like; it also says what is wrong
  data_ = bytes_.data();
  size_ = bytes_.size();
  return true;
}

FileView::~FileView() {
  if (mapped_) munmap(mapped_, size_);
}

bool write_file(const std::string& path, const void* bytes, size_t size) {
  struct stat status {};
  const bool special = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);  // /dev/null and its like are written in place
  const std::string beside = special ? path : path + ".tmp" + std::to_string(getpid());
  std::FILE* file = std::fopen(beside.c_str(), "wb");
  if (!file) {
    const int error = errno;
    return fail("Cannot write '" + path + "': " + std::strerror(error) +
                (error == ENOENT ? "; make the folder '" + folder_of(path) + "' first" : ""));
  }
  const bool written = std::fwrite(bytes, 1, size, file) == size;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed || (!special && std::rename(beside.c_str(), path.c_str()) != 0)) {
    const int error = errno;
    if (!special) unlink(beside.c_str());
    return fail("Cannot write '" + path + "': " + std::strerror(error));
  }
  return true;
}

}  // namespace ingot::trtexec
