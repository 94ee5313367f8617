#include "import/caffe/net_file.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <climits>

#include "import/caffe/text_errors.h"
#include "import/file_guess.h"

namespace ingot {
namespace {

using ingot_caffe_weights::BlobProto;

Result<Shape> shape_of(const BlobProto& blob, int64_t elements) {
  Shape shape;
  if (blob.has_shape()) {
    shape.assign(blob.shape().dim().begin(), blob.shape().dim().end());
  } else if (blob.has_num() || blob.has_channels() || blob.has_height() || blob.has_width()) {
    shape = {blob.num(), blob.channels(), blob.height(), blob.width()};
  } else {
    shape = {elements};
  }
  TRY_ASSIGN(int64_t count, volume(shape));
  if (count != elements) return invalid("a blob of dims " + to_text(shape) + " has " + std::to_string(elements) + " elements");
  return shape;
}

}  // namespace

Result<std::shared_ptr<const caffe::NetParameter>> parse_caffe_net(Bytes text, std::string* warnings) {
  if (text.size() > INT_MAX) return invalid("the definition has " + std::to_string(text.size()) + " bytes; text ends at 2 GiB");
  const auto arena = std::make_shared<google::protobuf::Arena>();
  const std::shared_ptr<caffe::NetParameter> net(arena, google::protobuf::Arena::CreateMessage<caffe::NetParameter>(arena.get()));
  CaffeTextErrors errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.AllowUnknownField(true);
  parser.AllowPartialMessage(true);
  parser.SetRecursionLimit(50);
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  if (!parser.Parse(&stream, net.get())) {
    const std::string_view all(reinterpret_cast<const char*>(text.data()), text.size());
    return invalid("not a Caffe definition: " + errors.told(all) + guess_of(text, true));
  }
  if (warnings) *warnings = errors.warnings();
  TRY(upgrade_caffe_net(*net));
  if (net->layer_size() == 0) return invalid("the definition has no layers; is it a Caffe network in text form?");
  return std::shared_ptr<const caffe::NetParameter>(net);
}

Result<Array> read_blob(const BlobProto& blob, std::shared_ptr<const void> keeper, bool keep_half) {
  constexpr int kHalf = 2;
  struct Raw {
    DataType type;
    size_t size;
  };
  if (blob.has_raw_data() && blob.data_size() == 0) {
    static constexpr Raw kTypes[] = {
        {DataType::kDouble, 8}, {DataType::kFloat, 4}, {DataType::kHalf, 2}, {DataType::kInt32, 4}, {DataType::kUint32, 4}};
    const int type = blob.raw_data_type();
    if (type < 0 || type > 4) return invalid("the blob's raw_data_type is " + std::to_string(type) + "; it lies in 0 to 4");
    const size_t bytes = blob.raw_data().size(), size = kTypes[type].size;
    if (bytes % size != 0)
      return invalid("the blob has " + std::to_string(bytes) + " raw bytes, which is no multiple of " + std::to_string(size));
    TRY_ASSIGN(Shape shape, shape_of(blob, static_cast<int64_t>(bytes / size)));
    if (bytes == 0) return Array::make(DataType::kFloat, shape);
    const Array raw = Array::borrow(kTypes[type].type, shape, blob.raw_data().data(), std::move(keeper));
    if (type == kHalf && keep_half) return raw;
    return raw.type() == DataType::kFloat ? Result<Array>(raw) : raw.converted(DataType::kFloat);
  }
  if (blob.data_size() == 0 && blob.double_data_size() > 0) {
    TRY_ASSIGN(Shape shape, shape_of(blob, blob.double_data_size()));
    return Array::borrow(DataType::kDouble, shape, blob.double_data().data(), std::move(keeper)).converted(DataType::kFloat);
  }
  TRY_ASSIGN(Shape shape, shape_of(blob, blob.data_size()));
  if (blob.data_size() == 0) return Array::make(DataType::kFloat, shape);
  return Array::borrow(DataType::kFloat, shape, blob.data().data(), std::move(keeper));
}

Result<CaffeWeights> CaffeWeights::parse(Bytes bytes, size_t most_bytes) {
  if (bytes.size() > most_bytes || bytes.size() > INT_MAX)
    return invalid("the weights have " + std::to_string(bytes.size()) + " bytes; " + std::to_string(std::min<size_t>(most_bytes, INT_MAX)) +
                   " are the limit");
  const auto arena = std::make_shared<google::protobuf::Arena>();
  const std::shared_ptr<ingot_caffe_weights::NetWeights> message(
      arena, google::protobuf::Arena::CreateMessage<ingot_caffe_weights::NetWeights>(arena.get()));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(50);
  if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return invalid("not a Caffe model, or truncated: its " + std::to_string(bytes.size()) + " bytes are no complete protobuf message" +
                   guess_of(bytes));
  CaffeWeights weights;
  weights.message_ = message;
  for (const auto& layer : message->layer()) {
    if (layer.blobs_size()) weights.blobs_.emplace(layer.name(), &layer.blobs());
  }
  // Of a file with both, only the new ones count.
  if (message->layer_size() > 0) return weights;
  for (const auto& layer : message->layers()) {
    const bool oldest = layer.has_layer();
    const Blobs& blobs = oldest && layer.blobs_size() == 0 ? layer.layer().blobs() : layer.blobs();
    const std::string& name = oldest ? layer.layer().name() : layer.name();
    if (blobs.size()) weights.blobs_.emplace(name, &blobs);
  }
  return weights;
}

std::vector<std::string> CaffeWeights::layers() const {
  std::vector<std::string> names;
  for (const auto& [name, blobs] : blobs_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

int64_t CaffeWeights::count(const std::string& layer) const {
  const auto found = blobs_.find(layer);
  return found == blobs_.end() ? 0 : found->second->size();
}

Result<Array> CaffeWeights::blob(const std::string& layer, int64_t index) const {
  const int64_t known = count(layer);
  if (index >= known)
    return invalid(known ? "the model has " + std::to_string(known) + " blobs for this layer, and blob " + std::to_string(index) +
                               " is wanted"
                         : "the model has no weights for a layer of this name; do the two files belong together?");
  return read_blob(blobs_.find(layer)->second->Get(static_cast<int>(index)), message_).within("blob " + std::to_string(index));
}

}  // namespace ingot
