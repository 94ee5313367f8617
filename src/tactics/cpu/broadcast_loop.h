// The loops of a layer whose inputs broadcast to its output: dims merged, cut into pieces that follow from the shape alone.
#pragma once

#include <array>
#include <vector>

#include "base/result.h"
#include "tactics/layout.h"

namespace ingot {

// The output is dense, so it is walked as it lies in memory. The last two dims are rows and columns of a piece.
class BroadcastLoop {
 public:
  static constexpr int kMostDims = 10;
  static constexpr int kMostInputs = 16;

  // Strides of each input along the output's dims are 0 where it broadcasts. `tile` is the most elements of a piece of several rows.
  static Result<BroadcastLoop> make(const Shape& output, Format output_format, const std::vector<Shape>& inputs,
                                    const std::vector<Format>& formats, int64_t tile);

  struct Strides {
    int64_t row, column;
  };
  Strides strides(size_t input) const { return {strides_[input][dims_ - 2], strides_[input][dims_ - 1]}; }

  // Calls body(output offset, input offsets, rows, columns) for pieces [begin, end) of `pieces()`; offsets are in elements.
  int64_t pieces() const { return pieces_; }
  int64_t elements() const { return elements_; }
  template <class Body>
  void run(int64_t begin, int64_t end, Body&& body) const {
    std::array<int64_t, kMostInputs> offsets{};
    for (int64_t piece = begin; piece < end; ++piece) {
      int64_t rest = piece / blocks_;
      const int64_t block = piece % blocks_;
      int64_t output = rest * rows_ * columns_;
      offsets.fill(0);
      for (int d = dims_ - 3; d >= 0; --d) {
        const int64_t index = rest % sizes_[d];
        rest /= sizes_[d];
        for (size_t i = 0; i < inputs_; ++i) offsets[i] += index * strides_[i][d];
      }
      int64_t rows = rows_, columns = columns_;
      if (cuts_columns_) {  // rows are long: pieces of single rows
        const int64_t row = block / column_blocks_, first = block % column_blocks_ * block_;
        rows = 1;
        columns = std::min(block_, columns_ - first);
        output += row * columns_ + first;
        for (size_t i = 0; i < inputs_; ++i) offsets[i] += row * strides_[i][dims_ - 2] + first * strides_[i][dims_ - 1];
      } else {
        const int64_t first = block * block_;
        rows = std::min(block_, rows_ - first);
        output += first * columns_;
        for (size_t i = 0; i < inputs_; ++i) offsets[i] += first * strides_[i][dims_ - 2];
      }
      body(output, offsets.data(), rows, columns);
    }
  }

 private:
  int dims_ = 2;
  size_t inputs_ = 0;
  std::array<int64_t, kMostDims> sizes_{};
  std::array<std::array<int64_t, kMostDims>, kMostInputs> strides_{};
  int64_t rows_ = 1, columns_ = 1;
  bool cuts_columns_ = false;
  int64_t block_ = 1, column_blocks_ = 1, blocks_ = 1;
  int64_t pieces_ = 0, elements_ = 0;
};

}  // namespace ingot
