#include "import/onnx/model_file.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <climits>

namespace ingot {

Result<std::shared_ptr<const proto::ModelProto>> parse_model(Bytes bytes) {
  if (bytes.empty()) return invalid("there are no bytes; an ONNX model is wanted");
  if (bytes.size() > INT_MAX)
    return invalid("the model has " + std::to_string(bytes.size()) +
                   " bytes, and a protobuf message ends at 2 GiB; save the weights as external data");
  // In an arena, since a message that memory runs out for leaks otherwise.
  const auto arena = std::make_shared<google::protobuf::Arena>();
  const std::shared_ptr<proto::ModelProto> model(arena, google::protobuf::Arena::CreateMessage<proto::ModelProto>(arena.get()));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(100);
  if (!model->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return invalid("not an ONNX model, or truncated: its " + std::to_string(bytes.size()) + " bytes are no complete protobuf message");
  if (!model->has_graph()) return invalid("not an ONNX model: the message holds no graph");
  return std::shared_ptr<const proto::ModelProto>(model);
}

std::string label_of(const proto::NodeProto& node, int index) {
  return node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name();
}

}  // namespace ingot
