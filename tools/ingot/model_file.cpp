#include "model_file.h"

#include <google/protobuf/io/coded_stream.h>

#include <climits>
#include <cstring>

#include "base/mapped_file.h"
#include "import/caffe/import.h"
#include "import/caffe/net_file.h"
#include "import/file_guess.h"
#include "import/onnx/import.h"
#include "import/onnx/onnx.pb.h"
#include "import/tensorflow/import.h"
#include "import/tensorflow/tensorflow.pb.h"
#include "import/uff/uff.pb.h"
#include "operators/register.h"
#include "plan/plan.h"

namespace ingot::tools {
namespace {

bool starts_with(Bytes bytes, std::string_view start) {
  return bytes.size() >= start.size() && std::memcmp(bytes.data(), start.data(), start.size()) == 0;
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

template <class Message>
bool parses(Bytes bytes, Message& message) {
  if (bytes.empty() || bytes.size() > INT_MAX) return false;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(200);
  return message.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

// By name where it says so, else by content.
Result<FileFormat> format_of(const std::string& path, Bytes bytes) {
  const auto ends = [&](std::string_view end) { return path.ends_with(end); };
  if (starts_with(bytes, "ftrt")) return FileFormat::kPlan;
  if (ends(".onnx")) return FileFormat::kOnnx;
  if (ends(".prototxt")) return FileFormat::kCaffe;
  if (ends(".caffemodel")) return FileFormat::kCaffeWeights;
  if (ends(".uff")) return FileFormat::kUff;
  if (ends("saved_model.pb")) return FileFormat::kSavedModel;
  if (ends(".wts") || ends(".npy") || ends(".npz") || ends(".safetensors") || ends(".pt") || ends(".pth")) return FileFormat::kWeights;
  if (starts_with(bytes, "PK") || starts_with(bytes, "\x93NUMPY") || starts_with(bytes, "\x80\x02")) return FileFormat::kWeights;
  const std::string_view head = text_of(bytes).substr(0, 1 << 16);
  if (head.find("layer {") != head.npos || head.find("layers {") != head.npos || head.find("layer{") != head.npos)
    return FileFormat::kCaffe;
  if (ingot_tensorflow::GraphDef graph; parses(bytes, graph) && graph.node_size() > 0 && !graph.node(0).op().empty())
    return FileFormat::kGraphDef;
  if (ingot_onnx::ModelProto model; parses(bytes, model) && model.has_graph() && model.graph().node_size() > 0) return FileFormat::kOnnx;
  if (ingot_uff::MetaGraph model; parses(bytes, model) && model.graphs_size() > 0) return FileFormat::kUff;
  if (ends(".pb")) return FileFormat::kGraphDef;
  return FileFormat::kWeights;
}

// ---- ONNX ----

using OnnxNodes = google::protobuf::RepeatedPtrField<ingot_onnx::NodeProto>;

void count_onnx(const OnnxNodes& nodes, ModelFile& file) {
  for (const auto& node : nodes) {
    const bool plain = node.domain().empty() || node.domain() == "ai.onnx";
    ++file.operators[plain ? node.op_type() : node.domain() + "." + node.op_type()];
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) count_onnx(attribute.g().node(), file);
      for (const auto& graph : attribute.graphs()) count_onnx(graph.node(), file);
    }
  }
}

Status read_onnx(const ModelFileOptions& options, Bytes bytes, ModelFile& file) {
  ingot_onnx::ModelProto model;
  if (!parses(bytes, model)) return invalid("not an ONNX model, or truncated" + guess_of(bytes));
  file.details.emplace_back("IR version", std::to_string(model.ir_version()));
  for (const auto& opset : model.opset_import())
    file.details.emplace_back("opset" + (opset.domain().empty() ? "" : " of " + opset.domain()), std::to_string(opset.version()));
  if (!model.producer_name().empty())
    file.details.emplace_back("producer", model.producer_name() + (model.producer_version().empty() ? "" : " " + model.producer_version()));
  if (model.functions_size()) file.details.emplace_back("functions", std::to_string(model.functions_size()));
  count_onnx(model.graph().node(), file);
  for (const auto& function : model.functions()) count_onnx(function.node(), file);
  ImportErrors errors;
  OnnxImportOptions import;
  import.errors = &errors;
  import.input_shapes = options.input_shapes;
  const Status status = import_onnx_file_into(options.path, *file.network, import);
  for (const ImportError& error : errors) file.declined.push_back(error.message);
  if (!status.ok() && errors.empty()) file.declined.push_back(status.error().message);
  return Ok{};
}

// ---- Caffe ----

void add_declined(const Status& status, const std::vector<Error>& errors, ModelFile& file) {
  for (const Error& error : errors) file.declined.push_back(error.message);
  if (!status.ok() && errors.empty()) file.declined.push_back(status.error().message);
}

Status read_caffe(const ModelFileOptions& options, Bytes bytes, ModelFile& file) {
  std::string warnings;
  TRY_ASSIGN(auto net, parse_caffe_net(bytes, &warnings));
  if (!net->name().empty()) file.details.emplace_back("name", net->name());
  file.details.emplace_back("weights",
                            options.weights.empty() ? "not given (--weights); sizes follow from the definition" : options.weights);
  if (!warnings.empty()) file.details.emplace_back("not understood", warnings);
  for (const auto& layer : net->layer()) ++file.operators[layer.type()];
  std::vector<Error> errors;
  CaffeImportOptions import;
  import.errors = &errors;
  import.name = options.path;
  import.input_shapes = options.input_shapes;
  import.outputs = options.outputs;
  std::shared_ptr<const MappedFile> weights;
  Bytes model;
  if (!options.weights.empty()) {
    TRY_ASSIGN(weights, MappedFile::open(options.weights));
    model = weights->bytes();
  }
  auto blobs = import_caffe_into(bytes, weights ? &model : nullptr, *file.network, import);
  add_declined(blobs.ok() ? Status(Ok{}) : Status(blobs.error()), errors, file);
  return Ok{};
}

Status read_caffe_weights(Bytes bytes, ModelFile& file) {
  TRY_ASSIGN(CaffeWeights weights, CaffeWeights::parse(bytes, INT_MAX));
  file.weights.emplace();
  for (const std::string& layer : weights.layers()) {
    for (int64_t i = 0; i < weights.count(layer); ++i) {
      TRY_ASSIGN(Array blob, weights.blob(layer, i).within("layer '" + layer + "'"));
      file.weights->emplace(layer + "/" + std::to_string(i), std::move(blob));
    }
  }
  return Ok{};
}

// ---- TensorFlow and UFF ----

void count_graph(const ingot_tensorflow::GraphDef& graph, ModelFile& file) {
  for (const auto& node : graph.node()) ++file.operators[node.op()];
  for (const auto& function : graph.library().function()) {
    for (const auto& node : function.node_def()) ++file.operators[node.op()];
  }
  if (graph.library().function_size()) file.details.emplace_back("functions", std::to_string(graph.library().function_size()));
}

Status read_tensorflow(const ModelFileOptions& options, Bytes bytes, ModelFile& file) {
  switch (file.format) {
    case FileFormat::kUff: {
      ingot_uff::MetaGraph model;
      if (!parses(bytes, model) || model.graphs_size() == 0) return invalid("not a UFF model, or truncated" + guess_of(bytes));
      file.details.emplace_back("UFF version", std::to_string(model.version()));
      for (const auto& node : model.graphs(0).nodes()) ++file.operators[node.operation()];
      break;
    }
    case FileFormat::kSavedModel: {
      ingot_tensorflow::SavedModel model;
      if (!parses(bytes, model) || model.meta_graphs_size() == 0) return invalid("not a SavedModel, or truncated" + guess_of(bytes));
      count_graph(model.meta_graphs(0).graph_def(), file);
      break;
    }
    default: {
      ingot_tensorflow::GraphDef graph;
      if (!parses(bytes, graph)) return invalid("not a TensorFlow graph, or truncated" + guess_of(bytes));
      count_graph(graph, file);
    }
  }
  std::vector<Error> errors;
  TfImportOptions import;
  import.errors = &errors;
  import.outputs = options.outputs;
  for (const auto& [name, shape] : options.input_shapes) import.inputs[name] = {shape};
  add_declined(import_tensorflow_file_into(options.path, *file.network, import), errors, file);
  return Ok{};
}

Status read_plan(const std::string& path, ModelFile& file) {
  register_all_operators();
  TRY_ASSIGN(Plan plan, read_plan_file(path));
  for (const auto& [name, value] : plan.properties) file.details.emplace_back(name, value);
  for (size_t i = 0; i < plan.choices.size() && i < plan.network->layers().size(); ++i)
    file.places[plan.network->layers()[i]->name] = plan.choices[i].tactic;
  file.network = std::move(plan.network);
  return Ok{};
}

}  // namespace

std::string_view name_of(FileFormat format) {
  switch (format) {
    case FileFormat::kOnnx: return "ONNX";
    case FileFormat::kCaffe: return "Caffe";
    case FileFormat::kCaffeWeights: return "Caffe weights";
    case FileFormat::kUff: return "UFF";
    case FileFormat::kGraphDef: return "TensorFlow GraphDef";
    case FileFormat::kSavedModel: return "TensorFlow SavedModel";
    case FileFormat::kPlan: return "plan";
    case FileFormat::kWeights: return "weights";
  }
  return "";
}

Result<ModelFile> read_model_file(const ModelFileOptions& options) {
  ModelFile file;
  file.network = std::make_unique<Network>();
  const bool folder = is_folder(options.path);
  auto opened = MappedFile::open(folder ? options.path + "/saved_model.pb" : options.path);
  if (!opened.ok()) return folder ? error_of_folder(options.path) : std::move(opened).error();
  const std::shared_ptr<const MappedFile> mapped = std::move(*opened);
  const Bytes bytes = mapped->bytes();
  if (folder) {
    file.format = FileFormat::kSavedModel;
  } else {
    TRY_ASSIGN(file.format, format_of(options.path, bytes));
  }
  if (file.format != FileFormat::kCaffe && !options.weights.empty()) return invalid("--weights belong to a Caffe definition (.prototxt)");
  Status status;
  switch (file.format) {
    case FileFormat::kOnnx: status = read_onnx(options, bytes, file); break;
    case FileFormat::kCaffe: status = read_caffe(options, bytes, file); break;
    case FileFormat::kCaffeWeights: status = read_caffe_weights(bytes, file); break;
    case FileFormat::kPlan: status = read_plan(options.path, file); break;
    case FileFormat::kWeights: {
      TRY_ASSIGN(file.weights, load_weights_file(options.path));
      break;
    }
    default: status = read_tensorflow(options, bytes, file);
  }
  if (file.format == FileFormat::kPlan && !status.ok()) return status.error();  // which names the file
  TRY(std::move(status).within(options.path));
  if (file.weights) file.network.reset();
  return file;
}

}  // namespace ingot::tools
