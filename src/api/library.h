// What the exported functions make.
#pragma once

#include <memory>

#include "NvInfer.h"
#include "device/device.h"

namespace ingot::api {

nvinfer1::IBuilder* make_builder(nvinfer1::ILogger* logger, int major, std::shared_ptr<Device> device);
nvinfer1::IRuntime* make_runtime(nvinfer1::ILogger* logger, std::shared_ptr<Device> device);

}  // namespace ingot::api
