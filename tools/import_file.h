// Model files of any format as networks, for tools.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "network/network.h"

namespace ingot::tools {

struct FileImport {
  std::string model;                                       // .onnx; .prototxt of Caffe; .uff; else TensorFlow's
  std::string weights;                                     // .caffemodel of Caffe; may be empty
  std::map<std::string, Shape, std::less<>> input_shapes;  // in place of those in the file
  std::vector<std::string> outputs;                        // in place of the file's own
  bool channels_first = false;                             // images go into TensorFlow's graphs as [N, C, H, W]
  Log* log = nullptr;
};

Result<std::unique_ptr<Network>> import_file(const FileImport& file);

}  // namespace ingot::tools
