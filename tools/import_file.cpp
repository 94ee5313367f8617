#include "import_file.h"

#include "import/caffe/import.h"
#include "import/onnx/import.h"
#include "import/tensorflow/import.h"

namespace ingot::tools {

Result<std::unique_ptr<Network>> import_file(const FileImport& file) {
  if (file.model.ends_with(".prototxt")) {
    CaffeImportOptions options;
    options.log = file.log;
    options.input_shapes = file.input_shapes;
    options.outputs = file.outputs;
    return import_caffe_files(file.model, file.weights, options);
  }
  if (!file.model.ends_with(".onnx")) {
    TfImportOptions options;
    options.log = file.log;
    for (const auto& [name, shape] : file.input_shapes)
      options.inputs[name] = {shape, file.channels_first ? TfInputOrder::kChannelsFirst : TfInputOrder::kAsInFile};
    options.outputs = file.outputs;
    return import_tensorflow_file(file.model, options);
  }
  OnnxImportOptions options;
  options.log = file.log;
  options.input_shapes = file.input_shapes;
  return import_onnx_file(file.model, options);
}

}  // namespace ingot::tools
