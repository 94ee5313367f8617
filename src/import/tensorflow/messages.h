// TensorFlow's messages, for the readers of its files.
#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <climits>
#include <memory>

#include "import/file_guess.h"
#include "import/tensorflow/graph.h"
#include "import/tensorflow/tensorflow.pb.h"

namespace ingot {

namespace tf = ::ingot_tensorflow;

template <class Message>
Result<std::shared_ptr<const Message>> parse_tf_message(Bytes bytes, const char* what) {
  if (bytes.empty() || bytes.size() > INT_MAX)
    return invalid("the file has " + std::to_string(bytes.size()) + " bytes; " + what + " has from 1 byte to 2 GiB");
  const auto arena = std::make_shared<google::protobuf::Arena>();
  const std::shared_ptr<Message> message(arena, google::protobuf::Arena::CreateMessage<Message>(arena.get()));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(50);
  if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return invalid(std::string("not ") + what + ", or truncated: its " + std::to_string(bytes.size()) +
                   " bytes are no complete protobuf message" + guess_of(bytes));
  return std::shared_ptr<const Message>(message);
}

// Nothing for strings and the like.
std::optional<DataType> tf_type_of(int32_t dtype);
TfGraph tf_graph_of(const tf::GraphDef& message, const std::shared_ptr<const void>& keeper, int64_t most_bytes);

}  // namespace ingot
