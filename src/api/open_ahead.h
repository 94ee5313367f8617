// What takes longest of a plan's loading on a GPU begins first.
#pragma once

#include <memory>

#include "base/byte_reader.h"
#include "device/device.h"

namespace ingot {

// Opens what the plan's tactics need once in a process, such as a GPU's libraries, while the plan is read, on threads that serve the rest
// of the load too (base/helpers.h). What comes back waits for them when it goes, on the thread that called; `bytes` have to stay until
// then.
std::shared_ptr<void> open_ahead_for(Bytes bytes, const std::shared_ptr<Device>& device);

}  // namespace ingot
