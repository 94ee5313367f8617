// Caffe's files as messages: the definition from text, of all three spellings, and the weights by layer.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/byte_reader.h"
#include "import/caffe/caffe.pb.h"
#include "import/caffe/weights.pb.h"
#include "network/array.h"

namespace ingot {

namespace caffe = ::ingot_caffe;

// Parses and brings old spellings up to date: afterwards all layers stand in layer(). Fields that are not known are told to `warn`.
Result<std::shared_ptr<const caffe::NetParameter>> parse_caffe_net(Bytes text, std::string* warnings);

// Turns the layers of 2013 and 2014 into today's; nothing is left in layers().
Status upgrade_caffe_net(caffe::NetParameter& net);

class CaffeWeights {
 public:
  static Result<CaffeWeights> parse(Bytes bytes, size_t most_bytes);

  std::vector<std::string> layers() const;  // that have blobs, by name
  bool has(const std::string& layer) const { return blobs_.contains(layer); }
  int64_t count(const std::string& layer) const;
  // The elements as float, not copied where the file has them so; dims as the file has them.
  Result<Array> blob(const std::string& layer, int64_t index) const;

 private:
  using Blobs = google::protobuf::RepeatedPtrField<ingot_caffe_weights::BlobProto>;
  std::shared_ptr<const ingot_caffe_weights::NetWeights> message_;
  std::unordered_map<std::string, const Blobs*> blobs_;
};

// Float, or half where `keep_half` and the blob is of halfs. An error where dims and elements disagree.
Result<Array> read_blob(const ingot_caffe_weights::BlobProto& blob, std::shared_ptr<const void> keeper, bool keep_half = false);

}  // namespace ingot
