#include "import/tensorflow/import.h"

#include "base/mapped_file.h"
#include "import/caught.h"
#include "import/file_guess.h"
#include "import/tensorflow/importer.h"

namespace ingot {
namespace {

enum class Kind { kGraph, kSavedModel, kUff };

Status import_bytes(Bytes bytes, Kind kind, const std::string& folder, Network& network, const TfImportOptions& given) {
  return caught("the model", [&]() -> Status {
    TfImportOptions options = given;
    if (options.name.empty()) options.name = kind == Kind::kUff ? "UFF model" : "TensorFlow graph";
    auto graph = kind == Kind::kUff          ? read_uff(bytes)
                 : kind == Kind::kSavedModel ? read_saved_model(bytes, folder, options.most_constant_bytes)
                                             : read_graph_def(bytes, options.most_constant_bytes);
    if (!graph.ok()) return std::move(graph).error().within(options.name);
    return TfImporter(*graph, network, options).run();
  });
}

}  // namespace

Status import_tensorflow_into(Bytes bytes, Network& network, const TfImportOptions& options) {
  return import_bytes(bytes, Kind::kGraph, "", network, options);
}

Status import_uff_into(Bytes bytes, Network& network, const TfImportOptions& options) {
  return import_bytes(bytes, Kind::kUff, "", network, options);
}

Status import_tensorflow_file_into(const std::string& path, Network& network, const TfImportOptions& given) {
  TfImportOptions options = given;
  if (options.name.empty()) options.name = path;
  auto file = MappedFile::open(path);
  if (file.ok()) {
    const Kind kind = path.ends_with(".uff") ? Kind::kUff : path.ends_with("saved_model.pb") ? Kind::kSavedModel : Kind::kGraph;
    const size_t slash = path.rfind('/');
    return import_bytes((*file)->bytes(), kind, slash == std::string::npos ? "." : path.substr(0, slash), network, options);
  }
  // A SavedModel is a folder.
  auto inside = MappedFile::open(path + "/saved_model.pb");
  if (!inside.ok()) return is_folder(path) ? error_of_folder(path) : std::move(file).error();
  return import_bytes((*inside)->bytes(), Kind::kSavedModel, path, network, options);
}

Result<std::unique_ptr<Network>> import_tensorflow_file(const std::string& path, const TfImportOptions& options) {
  auto network = std::make_unique<Network>();
  TRY(import_tensorflow_file_into(path, *network, options));
  return network;
}

}  // namespace ingot
