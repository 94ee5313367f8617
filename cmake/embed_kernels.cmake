# Writes a C++ file that holds the text of each kernel source: cmake -DOUT=FILE -DFILES=a.cu;b.cu -P embed_kernels.cmake
set(rows "")
set(names "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"kernel(${text})kernel\"},\n")
endforeach()
file(WRITE ${OUT} "// Written by the build from tactics/cuda/kernels.
#include \"tactics/cuda/kernel_call.h\"

namespace ingot::cuda {
namespace {

struct Row {
  std::string_view name, text;
};
constexpr Row kRows[] = {
${rows}    {\"none\", \"\"},
};

}  // namespace

std::string_view kernel_text(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.text;
  }
  return \"#error there is no such kernel\";
}

std::vector<std::string> kernel_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

}  // namespace ingot::cuda
")
