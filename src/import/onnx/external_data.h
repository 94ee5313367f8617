// Weights that lie in files beside the model: mapped, each file once, and never outside the model's folder.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mapped_file.h"

namespace ingot {

class ExternalData {
 public:
  // `directory` is the model's; "" where it is not known, and then every read is an error.
  explicit ExternalData(std::string directory) : directory_(std::move(directory)) {}

  struct Part {
    Bytes bytes;
    std::shared_ptr<const void> keeper;
  };
  // Bytes [offset, offset + length) of the file `location`; length -1 reads to the end.
  Result<Part> read(const std::string& location, int64_t offset, int64_t length);

 private:
  Result<std::string> resolve(const std::string& location) const;
  std::string directory_;
  std::map<std::string, std::shared_ptr<const MappedFile>, std::less<>> files_;
};

}  // namespace ingot
