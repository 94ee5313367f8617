#include "import/caffe/import.h"

#include <optional>

#include "base/mapped_file.h"
#include "import/caffe/importer.h"
#include "import/caught.h"

namespace ingot {
namespace {

Result<CaffeBlobs> import_bytes(Bytes deploy, const Bytes* model, const std::string& model_name, Network& network,
                                const CaffeImportOptions& given) {
  return caught("the Caffe model", [&]() -> Result<CaffeBlobs> {
    CaffeImportOptions options = given;
    if (options.name.empty()) options.name = "Caffe model";
    std::string warnings;
    auto net = parse_caffe_net(deploy, &warnings);
    if (!net.ok()) return std::move(net).error().within(options.name);
    if (!warnings.empty() && options.log) options.log->warning(options.name + ": not all of the definition is understood: " + warnings);
    std::optional<CaffeWeights> weights;
    if (model) {
      auto parsed = CaffeWeights::parse(*model, options.most_message_bytes);
      if (!parsed.ok()) return std::move(parsed).error().within(model_name);
      weights = std::move(*parsed);
    }
    auto blobs = CaffeImporter(**net, weights ? &*weights : nullptr, network, options).run();
    if (blobs.ok() || warnings.empty()) return blobs;
    // A misspelt field is often why a layer is wrong.
    const std::string told = "\n  not understood in the definition: " + warnings;
    if (options.errors && !options.errors->empty()) options.errors->back().message += told;
    Error error = std::move(blobs).error();
    error.message += told;
    return error;
  });
}

}  // namespace

Result<CaffeBlobs> import_caffe_into(Bytes deploy, const Bytes* model, Network& network, const CaffeImportOptions& options) {
  return import_bytes(deploy, model, "Caffe weights", network, options);
}

Result<CaffeBlobs> import_caffe_files_into(const std::string& deploy, const std::string& model, Network& network,
                                           const CaffeImportOptions& given) {
  CaffeImportOptions options = given;
  if (options.name.empty()) options.name = deploy;
  TRY_ASSIGN(auto deploy_file, MappedFile::open(deploy));
  if (model.empty()) return import_bytes(deploy_file->bytes(), nullptr, "", network, options);
  TRY_ASSIGN(auto model_file, MappedFile::open(model));
  const Bytes weights = model_file->bytes();
  return import_bytes(deploy_file->bytes(), &weights, model, network, options);
}

Result<std::unique_ptr<Network>> import_caffe(Bytes deploy, const Bytes* model, const CaffeImportOptions& options) {
  auto network = std::make_unique<Network>();
  TRY(import_caffe_into(deploy, model, *network, options));
  return network;
}

Result<std::unique_ptr<Network>> import_caffe_files(const std::string& deploy, const std::string& model,
                                                    const CaffeImportOptions& options) {
  auto network = std::make_unique<Network>();
  TRY(import_caffe_files_into(deploy, model, *network, options));
  return network;
}

Result<Array> read_caffe_blob(Bytes bytes) {
  return caught("the Caffe model", [&]() -> Result<Array> {
    const auto blob = std::make_shared<ingot_caffe_weights::BlobProto>();
    if (bytes.size() > INT32_MAX || !blob->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return invalid("not a Caffe blob, or truncated: its " + std::to_string(bytes.size()) + " bytes are no complete protobuf message");
    TRY_ASSIGN(Array array, read_blob(*blob, blob, true));
    Shape shape = array.shape();
    if (shape.size() > 4) return invalid("the blob has dims " + to_text(shape) + "; 4 are the most");
    shape.insert(shape.begin(), 4 - shape.size(), 1);
    return array.reshaped(shape);
  });
}

}  // namespace ingot
