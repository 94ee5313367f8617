// A file's bytes as memory, read only and page by page.
#pragma once

#include <memory>
#include <string>

#include "base/byte_reader.h"

namespace ingot {

class MappedFile {
 public:
  // An error says why the file cannot be read: missing, a folder, no permission.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  Bytes bytes() const { return {data_, size_}; }

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace ingot
