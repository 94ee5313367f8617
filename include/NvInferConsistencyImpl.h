// Programs include NvInferConsistency.h; this name is kept for those that copy or list the headers.
#pragma once
