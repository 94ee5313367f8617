// Discrete Fourier transforms of one length: by its prime factors, with a table of roots.
#pragma once

#include <cstdint>
#include <vector>

namespace ingot {

class FourierPlan {
 public:
  FourierPlan(int64_t length, bool inverse);
  int64_t length() const { return length_; }
  // Doubles of scratch that run() wants: the line's parts, and as many to change places with.
  int64_t scratch_doubles() const { return 4 * length_; }
  // The real parts of the line that stands at scratch[0 .. n), imaginary ones behind, are transformed. Returns where the result stands, in
  // the same order.
  const double* run(double* scratch) const;

 private:
  void stage(const double* from, double* to, int64_t radix, int64_t rest, int64_t done) const;

  int64_t length_;
  bool inverse_;
  std::vector<int64_t> factors_;
  std::vector<double> cosines_, sines_;  // of 2 pi k / n, with the sign of the direction
};

}  // namespace ingot
