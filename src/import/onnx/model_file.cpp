#include "import/onnx/model_file.h"

#include <fcntl.h>
#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "base/mapped_file.h"
#include "import/file_guess.h"

namespace ingot {

namespace {

using Model = Result<std::shared_ptr<const proto::ModelProto>>;

Model parse(google::protobuf::io::CodedInputStream& stream, Bytes bytes) {
  // In an arena, since a message that memory runs out for leaks otherwise.
  const auto arena = std::make_shared<google::protobuf::Arena>();
  const std::shared_ptr<proto::ModelProto> model(arena, google::protobuf::Arena::CreateMessage<proto::ModelProto>(arena.get()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(100);
  if (!model->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return invalid("not an ONNX model, or truncated: its " + std::to_string(bytes.size()) + " bytes are no complete protobuf message" +
                   guess_of(bytes));
  if (!model->has_graph()) return invalid("not an ONNX model: the message holds no graph" + guess_of(bytes));
  return std::shared_ptr<const proto::ModelProto>(model);
}

Status check_size(size_t size) {
  if (size == 0) return invalid("there are no bytes; an ONNX model is wanted");
  if (size > INT_MAX)
    return invalid("the model has " + std::to_string(size) +
                   " bytes, and a protobuf message ends at 2 GiB; save the weights as external data");
  return Ok{};
}

}  // namespace

Model parse_model(Bytes bytes) {
  TRY(check_size(bytes.size()));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  return parse(stream, bytes);
}

Model parse_model_file(const std::string& path) {
  // Tells what is wrong with a file that cannot be read, and maps none of its pages by itself.
  TRY_ASSIGN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  TRY(check_size(file->bytes().size()));
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return invalid("cannot open '" + path + "': " + std::strerror(errno));
  google::protobuf::io::FileInputStream blocks(descriptor, 1 << 18);
  blocks.SetCloseOnDelete(true);
  google::protobuf::io::CodedInputStream stream(&blocks);
  return parse(stream, file->bytes());
}

std::string label_of(const proto::NodeProto& node, int index) {
  return node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name();
}

}  // namespace ingot
