// Number `index` of the stream `seed`, uniform in [0, 1); see operators/random.cpp.
__device__ __forceinline__ double uniform(uint64 seed, uint64 index) {
  uint64 x = seed * 0xd1342543de82ef95ull + index * 0x9e3779b97f4a7c15ull + 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  x ^= x >> 31;
  return (double)(x >> 40) / 16777216.0;
}
