// An ONNX model in memory, with the folder its external data lies in.
#pragma once

#include <memory>
#include <string>

#include "base/byte_reader.h"
#include "import/onnx/onnx.pb.h"

namespace ingot {

namespace proto = ::ingot_onnx;

// Parses; an error says whether the bytes end early or are no ONNX model.
Result<std::shared_ptr<const proto::ModelProto>> parse_model(Bytes bytes);
// The same from a file, piece by piece, so that its bytes lie in memory once.
Result<std::shared_ptr<const proto::ModelProto>> parse_model_file(const std::string& path);

// How messages call a node: its name, else operator and place.
std::string label_of(const proto::NodeProto& node, int index);

}  // namespace ingot
