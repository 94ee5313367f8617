// What is wrong with the text of a Caffe definition, said so that it can be mended.
#pragma once

#include <google/protobuf/io/tokenizer.h>

#include <string>
#include <string_view>

namespace ingot {

// Keeps the first error, with its place in the text, and what the definition has that is not known, with the nearest name that is.
class CaffeTextErrors final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override;
  void AddWarning(int line, int column, const std::string& message) override;

  // The error for people, of the whole `text`.
  std::string told(std::string_view text) const;
  const std::string& warnings() const { return warnings_; }

 private:
  std::string error_, warnings_;
  bool at_end_ = false;  // the error is that the text ends
};

// Which brace is missing or one too many; empty where they match.
std::string unmatched_brace(std::string_view text);

}  // namespace ingot
