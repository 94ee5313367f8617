#include "tactics/cpu/fourier.h"

#include <cmath>
#include <utility>

namespace ingot {

FourierPlan::FourierPlan(int64_t length, bool inverse) : length_(length), inverse_(inverse) {
  for (int64_t rest = length, factor = 4; rest > 1;) {
    if (rest % factor == 0) {
      factors_.push_back(factor);
      rest /= factor;
    } else {
      factor = factor == 4 ? 2 : factor == 2 ? 3 : factor * factor > rest ? rest : factor + 2;
    }
  }
  cosines_.reserve(static_cast<size_t>(length));
  sines_.reserve(static_cast<size_t>(length));
  for (int64_t k = 0; k < length; ++k) {
    const double angle = 2 * M_PI * static_cast<double>(k) / static_cast<double>(length);
    cosines_.push_back(std::cos(angle));
    sines_.push_back(inverse ? std::sin(angle) : -std::sin(angle));
  }
}

// One step of Stockham's transform: lines of radix * rest elements at distance `done` become `radix` times as many of `rest`.
void FourierPlan::stage(const double* from, double* to, int64_t radix, int64_t rest, int64_t done) const {
  const int64_t n = length_, hop = done * rest, unit = n / radix;
  const double turn = inverse_ ? 1 : -1;
  for (int64_t p = 0; p < rest; ++p) {
    const double* x = from + done * p;
    double* y = to + done * radix * p;
    const auto cosine = [&](int64_t j) { return cosines_[static_cast<size_t>(p * j * done)]; };
    const auto sine = [&](int64_t j) { return sines_[static_cast<size_t>(p * j * done)]; };
    const auto put = [&](int64_t q, int64_t j, double re, double im) {
      const double c = cosine(j), s = sine(j);
      y[q + done * j] = re * c - im * s;
      y[q + done * j + n] = re * s + im * c;
    };
    if (radix == 2) {
      const double c = cosine(1), s = sine(1);
      for (int64_t q = 0; q < done; ++q) {
        const double a = x[q], b = x[q + n], d = x[q + hop], e = x[q + hop + n];
        y[q] = a + d;
        y[q + n] = b + e;
        y[q + done] = (a - d) * c - (b - e) * s;
        y[q + done + n] = (a - d) * s + (b - e) * c;
      }
    } else if (radix == 4) {
      const double c1 = cosine(1), s1 = sine(1), c2 = cosine(2), s2 = sine(2), c3 = cosine(3), s3 = sine(3);
      for (int64_t q = 0; q < done; ++q) {
        const double a = x[q], b = x[q + hop], c = x[q + 2 * hop], d = x[q + 3 * hop];
        const double ai = x[q + n], bi = x[q + hop + n], ci = x[q + 2 * hop + n], di = x[q + 3 * hop + n];
        const double s = a + c, si = ai + ci, t = b + d, ti = bi + di, u = a - c, ui = ai - ci;
        const double v = -turn * (bi - di), vi = turn * (b - d);  // +-i times the difference
        const double r1 = u + v, i1 = ui + vi, r2 = s - t, i2 = si - ti, r3 = u - v, i3 = ui - vi;
        y[q] = s + t;
        y[q + n] = si + ti;
        y[q + done] = r1 * c1 - i1 * s1;
        y[q + done + n] = r1 * s1 + i1 * c1;
        y[q + 2 * done] = r2 * c2 - i2 * s2;
        y[q + 2 * done + n] = r2 * s2 + i2 * c2;
        y[q + 3 * done] = r3 * c3 - i3 * s3;
        y[q + 3 * done + n] = r3 * s3 + i3 * c3;
      }
    } else {
      for (int64_t q = 0; q < done; ++q) {
        for (int64_t j = 0; j < radix; ++j) {
          double re = 0, im = 0;
          for (int64_t k = 0, at = 0; k < radix; ++k) {
            const double c = cosines_[static_cast<size_t>(at * unit)], s = sines_[static_cast<size_t>(at * unit)];
            re += x[q + k * hop] * c - x[q + k * hop + n] * s;
            im += x[q + k * hop] * s + x[q + k * hop + n] * c;
            if ((at += j) >= radix) at -= radix;
          }
          put(q, j, re, im);
        }
      }
    }
  }
}

const double* FourierPlan::run(double* scratch) const {
  double *from = scratch, *to = scratch + 2 * length_;
  int64_t rest = length_, done = 1;
  for (int64_t radix : factors_) {
    rest /= radix;
    stage(from, to, radix, rest, done);
    done *= radix;
    std::swap(from, to);
  }
  for (int64_t i = 0; inverse_ && i < 2 * length_; ++i) from[i] /= static_cast<double>(length_);
  return from;
}

}  // namespace ingot
