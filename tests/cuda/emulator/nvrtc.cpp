// Stands in for NVRTC in tests: turns a kernel into a shared library of the host with the C++ compiler.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace {

struct Program {
  std::string source, log, code;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return 0;
}
const char* nvrtcGetErrorString(int code) { return code == 0 ? "success" : "the host's compiler refuses it"; }
int nvrtcCreateProgram(Program** program, const char* source, const char*, int, const char* const*, const char* const*) {
  *program = new Program{source, "", ""};
  return 0;
}
int nvrtcDestroyProgram(Program** program) {
  delete *program;
  *program = nullptr;
  return 0;
}
int nvrtcCompileProgram(Program* program, int, const char* const*) {
  char folder[] = "/tmp/ingot-emulated-XXXXXX";
  if (!mkdtemp(folder)) return 1;
  const std::string base = folder, source = base + "/kernel.cpp", library = base + "/kernel.so", log = base + "/log";
  // Kernels that are switched off have no wrapper: their switches are resolved first.
  const std::string plain = base + "/plain.cpp", resolved = base + "/resolved.cpp", compiler = EMULATED_COMPILER;
  std::ofstream(plain) << program->source;
  if (std::system((compiler + " -E -P -w -DINGOT_EMULATED=1 -o " + resolved + " " + plain + " 2> " + log).c_str()) != 0) {
    program->log = read_file(log);
    return 6;
  }
  const std::string text = read_file(resolved);
  const bool barriers = text.find("__syncthreads(") != std::string::npos || text.find("__shfl") != std::string::npos ||
                        text.find("__syncwarp") != std::string::npos;
  const std::regex kernel(R"(__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\()");
  std::string wrappers;
  for (std::sregex_iterator at(text.begin(), text.end(), kernel), end; at != end; ++at) {
    const std::string name = (*at)[1];
    wrappers += "extern \"C\" void emulated_launch_" + name +
                "(const unsigned* grid, unsigned block, void** parameters) { emulated::launch(&" + name +
                ", grid, block, parameters); }\nextern \"C\" const size_t* emulated_sizes_" + name + "() { return emulated::sizes(&" +
                name + "); }\n";
  }
  std::ofstream(source) << (barriers ? "" : "#define INGOT_NO_BARRIERS 1\n") << "#include \"" EMULATED_HEADER "\"\n"
                        << text << "\n"
                        << wrappers;
  const std::string command = compiler + " -std=c++20 -O2 -w -fpermissive -ffp-contract=off -fno-strict-aliasing -fPIC -shared -o " +
                              library + " " + source + " 2> " + log;
  const int code = std::system(command.c_str());
  program->log = read_file(log);
  program->code = read_file(library);
  if (!std::getenv("INGOT_KEEP_EMULATED")) std::system(("rm -rf " + base).c_str()) == 0 ? void() : void();
  return code == 0 && !program->code.empty() ? 0 : 6;
}
int nvrtcGetProgramLogSize(Program* program, size_t* bytes) {
  *bytes = program->log.size() + 1;
  return 0;
}
int nvrtcGetProgramLog(Program* program, char* text) {
  std::memcpy(text, program->log.c_str(), program->log.size() + 1);
  return 0;
}
int nvrtcGetCUBINSize(Program* program, size_t* bytes) {
  *bytes = program->code.size();
  return 0;
}
int nvrtcGetCUBIN(Program* program, char* code) {
  std::memcpy(code, program->code.data(), program->code.size());
  return 0;
}
int nvrtcGetNumSupportedArchs(int* count) {
  *count = 1;
  return 0;
}
int nvrtcGetSupportedArchs(int* archs) {
  archs[0] = 90;
  return 0;
}

}  // extern "C"
