// Whole files.
#pragma once

#include <string>

namespace ingot::trtexec {

// False where the file cannot be read; the log says why, and what is in its folder.
bool read_file(const std::string& path, std::string& bytes);
// A file's bytes, mapped where that can be done, for plans are large.
class FileView {
 public:
  FileView() = default;
  FileView(const FileView&) = delete;
  FileView& operator=(const FileView&) = delete;
  ~FileView();
  bool open(const std::string& path);
  const void* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void* mapped_ = nullptr;
  const void* data_ = nullptr;
  size_t size_ = 0;
  std::string bytes_;
};
// Writes beside the file and renames, so that a reader never sees half of it.
bool write_file(const std::string& path, const void* bytes, size_t size);
bool file_exists(const std::string& path);

}  // namespace ingot::trtexec
