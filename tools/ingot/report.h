// What `ingot inspect` says of a file, as text and as JSON.
#pragma once

#include <string>

#include "model_file.h"

namespace ingot::tools {

std::string report_text(const std::string& path, const ModelFile& file);
std::string report_json(const std::string& path, const ModelFile& file);

}  // namespace ingot::tools
