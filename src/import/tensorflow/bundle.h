// TensorFlow's checkpoints: an index of tensors by name, and shards that hold their bytes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "network/array.h"

namespace ingot_tensorflow {
class BundleEntry;
}

namespace ingot {

// Keys and values of a sorted table (LevelDB's format, blocks not compressed), as the index of a checkpoint is one.
Result<std::map<std::string, std::string>> read_sorted_table(Bytes bytes);

class TensorBundle {
 public:
  // `prefix` is the path up to ".index" and ".data-00000-of-00001".
  static Result<TensorBundle> open(const std::string& prefix);

  bool has(const std::string& key) const { return entries_.contains(key); }
  // Its elements stay in the mapped shard, unless it is stored in slices. An error where it is no tensor of numbers, or beyond its shard.
  Result<Array> tensor(const std::string& key) const;
  // Keys by the full names of variables, where the program that saved them told.
  const std::map<std::string, std::string>& full_names() const { return full_names_; }

 private:
  Result<Array> joined(const ingot_tensorflow::BundleEntry& whole, const std::string& key) const;
  Result<Array> read(const ingot_tensorflow::BundleEntry& entry, const std::string& key) const;
  Result<Bytes> bytes_of_string(const std::string& key) const;

  std::map<std::string, std::string> entries_;
  std::map<std::string, std::string> full_names_;
  std::vector<std::shared_ptr<const MappedFile>> shards_;
};

}  // namespace ingot
