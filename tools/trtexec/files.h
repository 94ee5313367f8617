// Whole files.
#pragma once

#include <string>

namespace ingot::trtexec {

// False where the file cannot be read; the log says why, and what is in its folder.
bool read_file(const std::string& path, std::string& bytes);
// Writes beside the file and renames, so that a reader never sees half of it.
bool write_file(const std::string& path, const void* bytes, size_t size);
bool file_exists(const std::string& path);

}  // namespace ingot::trtexec
