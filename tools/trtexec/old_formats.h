// Caffe, UFF and TensorFlow models for the builder.
#pragma once

#include <memory>

#include "options.h"

namespace ingot::trtexec {

// Keeps the parser, whose weights the build reads.
class OldParser {
 public:
  explicit OldParser(const Options& options);
  ~OldParser();
  // False where an error was told.
  bool parse(nvinfer1::INetworkDefinition& network) const;

 private:
  struct Parsers;
  const Options& options_;
  std::unique_ptr<Parsers> parsers_;
};

}  // namespace ingot::trtexec
