// The CUDA runtime, chosen when the program starts: the machine's own where a GPU answers, else the host's stand-in beside this program.
// The calls are then those of cuda_runtime_api.h.
#pragma once

namespace ingot::trtexec {

// Loads one; `wants_host` takes the stand-in in any case. Says why not where none can be had.
bool load_cuda_runtime(bool wants_host);

}  // namespace ingot::trtexec
