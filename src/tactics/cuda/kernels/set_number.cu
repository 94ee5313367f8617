// The number of an iteration, for the body of a loop.
extern "C" __global__ void set_number(int64* to, const int64 value) { *to = value; }
