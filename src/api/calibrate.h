// Ranges of int8 tensors from the program's calibrator.
#pragma once

#include "NvInfer.h"
#include "api/reporter.h"
#include "device/device.h"
#include "network/network.h"

namespace ingot::api {

// Reads the calibrator's cache or runs the network over its batches, writes the cache, and gives the network's tensors their ranges.
// Dynamic dimensions take `profile`'s opt shapes (null: the network's first profile).
Status calibrate(Network& network, nvinfer1::IInt8Calibrator& calibrator, const Profile* profile, std::shared_ptr<Device> device, Log& log,
                 int version);

}  // namespace ingot::api
