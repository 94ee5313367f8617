// A plan in, an engine out: the runtime says which steps do not fit, the builder chooses again for them.
#pragma once

#include <memory>
#include <string>

#include "runtime/engine.h"

namespace ingot {

Result<std::shared_ptr<Engine>> load_engine(Plan plan, std::shared_ptr<Device> device, Log& log);
// Copies the bytes; the caller's may go.
Result<std::shared_ptr<Engine>> load_engine(Bytes bytes, std::shared_ptr<Device> device, Log& log);
Result<std::shared_ptr<Engine>> load_engine_file(const std::string& path, std::shared_ptr<Device> device, Log& log);

}  // namespace ingot
