#include "import/onnx/external_data.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace ingot {
namespace fs = std::filesystem;

// Looks through links before it compares, so that a link cannot lead out either.
Result<std::string> ExternalData::resolve(const std::string& location) const {
  const std::string quoted = "external data '" + location + "'";
  if (directory_.empty()) return invalid(quoted + " cannot be found: the model came from memory, and its folder was not given");
  if (location.empty() || location.find('\0') != std::string::npos) return invalid(quoted + " has no usable file name");
  const fs::path relative(location);
  if (relative.is_absolute()) return invalid(quoted + " is an absolute path; it must lie inside the model's folder");
  if (std::find(relative.begin(), relative.end(), "..") != relative.end())
    return invalid(quoted + " leads upwards; it must lie inside the model's folder");
  std::error_code failure;
  const fs::path folder = fs::canonical(directory_, failure);
  if (failure) return invalid("the model's folder '" + directory_ + "' cannot be read: " + failure.message());
  const fs::path file = fs::canonical(folder / relative, failure);
  if (failure) return invalid(quoted + " cannot be read: " + failure.message());
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  if (end != folder.end()) return invalid(quoted + " is a link that leads outside of the model's folder");
  return file.string();
}

Result<ExternalData::Part> ExternalData::read(const std::string& location, int64_t offset, int64_t length) {
  auto found = files_.find(location);
  if (found == files_.end()) {
    TRY_ASSIGN(std::string path, resolve(location));
    TRY_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
    found = files_.emplace(location, std::move(file)).first;
  }
  const Bytes all = found->second->bytes();
  const int64_t size = static_cast<int64_t>(all.size());
  if (offset < 0 || offset > size || length < -1 || (length >= 0 && length > size - offset))
    return invalid("external data '" + location + "' has " + std::to_string(size) + " bytes; " +
                   (length < 0 ? "all" : std::to_string(length)) + " from " + std::to_string(offset) + " are wanted");
  return Part{all.subspan(static_cast<size_t>(offset), static_cast<size_t>(length < 0 ? size - offset : length)), found->second};
}

}  // namespace ingot
