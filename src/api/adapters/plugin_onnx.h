// Nodes of ONNX models that name a plugin.
#pragma once

#include "NvInfer.h"
#include "impl/NvInferPythonPlugin.h"
#include "import/onnx/import.h"

namespace ingot::api {

// A node `Clip2` with the attributes `plugin_version` ("1" where absent) and `plugin_namespace` ("") is the plugin of that name, if the
// registry has a creator; the attributes that the creator names are its fields. For an IPluginV3, `tensorrt_plugin_shape_input_indices`
// lists the inputs that are shape inputs. Creators of Quick plugins are told `request`.
CustomImport import_plugins(nvinfer1::IPluginRegistry& registry, nvinfer1::QuickPluginCreationRequest request);

}  // namespace ingot::api
