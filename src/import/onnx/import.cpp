#include "import/onnx/import.h"

#include <set>

#include "import/caught.h"
#include "import/onnx/importer.h"
#include "import/onnx/tensor_reader.h"

namespace ingot {
namespace {

ImportCode code_of(const Error& error, ImportCode otherwise) {
  return error.code == ErrorCode::kOutOfMemory ? ImportCode::kOutOfMemory : otherwise;
}

ErrorCode error_code(ImportCode code) {
  switch (code) {
    case ImportCode::kInternal: return ErrorCode::kInternal;
    case ImportCode::kOutOfMemory: return ErrorCode::kOutOfMemory;
    case ImportCode::kUnsupportedGraph:
    case ImportCode::kUnsupportedNode: return ErrorCode::kUnsupported;
    default: return ErrorCode::kInvalid;
  }
}

// One error speaks for itself; several become a list.
Error summary(const ImportErrors& errors, const std::string& name) {
  if (errors.size() == 1) return {error_code(errors[0].code), errors[0].message};
  constexpr size_t kShown = 20;
  std::string text = name + ": " + std::to_string(errors.size()) + " errors";
  for (size_t i = 0; i < errors.size() && i < kShown; ++i) text += "\n  " + errors[i].message;
  if (errors.size() > kShown) text += "\n  and " + std::to_string(errors.size() - kShown) + " more";
  return {error_code(errors[0].code), text};
}

Status fail(Error error, ImportCode otherwise, const OnnxImportOptions& options) {
  error.message = options.name + ": " + error.message;
  if (options.errors) options.errors->push_back({code_of(error, otherwise), error.message});
  return error;
}

using Model = Result<std::shared_ptr<const proto::ModelProto>>;

Status import_model(Model model, const std::string& model_directory, Network& network, const OnnxImportOptions& options) {
  if (!model.ok()) return fail(std::move(model).error(), ImportCode::kUnreadable, options);
  Importer importer(std::move(*model), model_directory, network, options);
  Status status = caught("the ONNX model", [&] { return importer.run(); });
  if (options.errors) options.errors->insert(options.errors->end(), importer.errors().begin(), importer.errors().end());
  if (!status.ok()) return fail(std::move(status).error(), ImportCode::kInternal, options);
  if (!importer.errors().empty()) return summary(importer.errors(), options.name);
  return Ok{};
}

void collect_operators(const Nodes& nodes, std::set<std::string>* operators) {
  for (const auto& node : nodes) {
    operators->insert(node.domain().empty() || node.domain() == "ai.onnx" ? node.op_type() : node.domain() + "." + node.op_type());
    for (const auto& attribute : node.attribute()) collect_operators(attribute.g().node(), operators);
  }
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status import_onnx_into(Bytes bytes, const std::string& model_directory, Network& network, const OnnxImportOptions& options) {
  OnnxImportOptions named = options;
  if (named.name.empty()) named.name = "ONNX model";
  return import_model(caught("the ONNX model", [&]() -> Model { return parse_model(bytes); }), model_directory, network, named);
}

Status import_onnx_file_into(const std::string& path, Network& network, const OnnxImportOptions& given) {
  OnnxImportOptions options = given;
  if (options.name.empty()) options.name = path;
  return import_model(caught("the ONNX model", [&]() -> Model { return parse_model_file(path); }), directory_of(path), network, options);
}

Result<std::unique_ptr<Network>> import_onnx(Bytes bytes, const std::string& model_directory, const OnnxImportOptions& options) {
  auto network = std::make_unique<Network>();
  TRY(import_onnx_into(bytes, model_directory, *network, options));
  return network;
}

Result<std::unique_ptr<Network>> import_onnx_file(const std::string& path, const OnnxImportOptions& options) {
  auto network = std::make_unique<Network>();
  TRY(import_onnx_file_into(path, *network, options));
  return network;
}

OnnxSupport query_onnx_support(Bytes bytes, const std::string& model_directory, const OnnxImportOptions& given) {
  OnnxSupport support;
  OnnxImportOptions options = given;
  options.errors = nullptr;
  options.most_errors = static_cast<size_t>(-1);  // all nodes are asked for, so none may end the search
  if (options.name.empty()) options.name = "ONNX model";
  auto model = caught("the ONNX model", [&] { return parse_model(bytes); });
  if (!model.ok()) {
    support.errors.push_back({code_of(model.error(), ImportCode::kUnreadable), options.name + ": " + model.error().message});
    return support;
  }
  Network network;
  Importer importer(std::move(*model), model_directory, network, options);
  const Status status = caught("the ONNX model", [&] { return importer.run(); });
  support.errors = importer.errors();
  if (!status.ok())
    support.errors.push_back({code_of(status.error(), ImportCode::kInternal), options.name + ": " + status.error().message});
  support.supported = support.errors.empty();
  for (int node : importer.order()) {
    const bool taken = !importer.failed_nodes().contains(node);
    if (support.subgraphs.empty() || support.subgraphs.back().supported != taken) support.subgraphs.push_back({{}, taken});
    support.subgraphs.back().nodes.push_back(node);
  }
  return support;
}

Result<OnnxSummary> summarize_onnx(Bytes bytes) {
  return caught("the ONNX model", [&]() -> Result<OnnxSummary> {
    TRY_ASSIGN(std::shared_ptr<const proto::ModelProto> model, parse_model(bytes));
    std::set<std::string> operators, initializers;
    collect_operators(model->graph().node(), &operators);
    for (const auto& function : model->functions()) collect_operators(function.node(), &operators);
    for (const auto& function : model->functions()) {
      const bool standard = function.domain().empty() || function.domain() == "ai.onnx";
      operators.erase(standard ? function.name() : function.domain() + "." + function.name());
    }
    OnnxSummary summary{{operators.begin(), operators.end()}, {}};
    for (const auto& tensor : model->graph().initializer()) initializers.insert(tensor.name());
    for (const auto& input : model->graph().input()) {
      if (!initializers.contains(input.name())) summary.inputs.push_back(input.name());
    }
    return summary;
  });
}

Result<Array> read_onnx_tensor(Bytes bytes) {
  return caught("the ONNX model", [&]() -> Result<Array> {
    auto tensor = std::make_shared<proto::TensorProto>();
    if (bytes.size() > INT32_MAX || !tensor->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return invalid("no ONNX tensor, or truncated");
    ExternalData external("");
    return read_tensor(*tensor, tensor, external);
  });
}

}  // namespace ingot
