// What files that are no model often are, for the errors that tell of them.
#pragma once

#include <string>

#include "base/byte_reader.h"

namespace ingot {

// "; it is a pointer of Git LFS: ..." by the first bytes of a file, with what helps; "" where they tell nothing. Text is worth a word where
// the model is not `text` itself.
std::string guess_of(Bytes bytes, bool wants_text = false);

// What is said of a path that names a folder, and no file or SavedModel: what it holds, and where inside there is a SavedModel.
Error error_of_folder(const std::string& path);
bool is_folder(const std::string& path);

}  // namespace ingot
