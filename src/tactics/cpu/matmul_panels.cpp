// Matrix products by tiles over packed panels: a constant right operand is packed in the plan, another one on the fly in workspace.
#include <cstring>

#include "operators/matmul.h"
#include "tactics/cpu/epilogue_plan.h"
#include "tactics/cpu/panel_product.h"
#include "tactics/cpu/panels.h"
#include "tactics/layout.h"

namespace ingot {
namespace {

struct Prepared {
  Product product = Product::kFloat;
  bool transpose_a = false, transpose_b = false;
  Panels panels;          // of a constant right operand
  PackedWeights weights;  // without data where the right operand is no constant
  Array left;             // the left operand where it is constant
  TileKernel kernel;
  TileKernel sums_kernel;  // of unsigned bytes: finds the sums of columns where `kernel` wants them and they are not packed with B
  EpiloguePlan epilogue;
  std::vector<Finish> finish;  // by right matrix where it is constant, else one
  int64_t finish_columns = 0;  // that its arrays have; 1 where the count is not known: the same for all
  size_t output_bytes = 0, residual_bytes = 0;
};

// Sizes of one launch.
struct Sizes {
  int64_t m = 1, k = 1, n = 1;
  int64_t items = 1, right_count = 1;            // products, and right matrices
  std::vector<int64_t> left_index, right_index;  // by item: which matrix of each operand
};

// Rows of A up to which a row-major right operand is read where it lies: packing would cost more than it saves.
constexpr int64_t kMostUnpackedRows = 24;

Result<Sizes> sizes_of(bool transpose_a, bool transpose_b, Shape a, Shape b) {
  if (a.size() == 1) {
    a.insert(a.begin(), 1);
    transpose_a = false;
  }
  if (b.size() == 1) {
    b.push_back(1);
    transpose_b = false;
  }
  if (a.size() < 2 || b.size() < 2) return invalid("a matrix product of a scalar");
  Sizes sizes;
  sizes.m = a[a.size() - (transpose_a ? 1 : 2)];
  sizes.k = a[a.size() - (transpose_a ? 2 : 1)];
  sizes.n = b[b.size() - (transpose_b ? 2 : 1)];
  if (b[b.size() - (transpose_b ? 1 : 2)] != sizes.k)
    return invalid("matrices " + to_text(a) + " and " + to_text(b) + " do not fit each other");
  const Shape a_batch(a.begin(), a.end() - 2), b_batch(b.begin(), b.end() - 2);
  TRY_ASSIGN(const Dims broadcast_dims, broadcast(to_dims(a_batch), to_dims(b_batch)));
  const Shape batch = constant_shape(broadcast_dims);
  TRY_ASSIGN(sizes.items, volume(batch));
  TRY_ASSIGN(sizes.right_count, volume(b_batch));
  if (sizes.right_count == 1 && !transpose_a) {
    // One right matrix: the batch is more rows.
    sizes.m *= sizes.items;
    sizes.items = 1;
    sizes.left_index = sizes.right_index = {0};
    TRY_ASSIGN(const int64_t left_count, volume(a_batch));
    if (left_count * a[a.size() - 2] != sizes.m) return invalid("the batch of " + to_text(a) + " is none");
    return sizes;
  }
  auto index_of = [&](const Shape& own) {
    std::vector<int64_t> result;
    const size_t missing = batch.size() - own.size();
    for (IndexWalk walk(batch); !walk.done(); walk.next()) {
      int64_t at = 0;
      for (size_t d = 0; d < own.size(); ++d) at = at * own[d] + (own[d] == 1 ? 0 : walk.index()[missing + d]);
      result.push_back(at);
    }
    return result;
  };
  sizes.left_index = index_of(a_batch);
  sizes.right_index = index_of(b_batch);
  return sizes;
}

size_t align(size_t bytes) { return (bytes + 63) / 64 * 64; }

// out [m][k] = in [k][m], elements of `bytes` bytes, rows [first, last) of out.
template <class T>
void transpose_rows(const T* in, T* out, int64_t m, int64_t k, int64_t first, int64_t last) {
  constexpr int64_t kBlock = 16;
  for (int64_t row = first; row < last; row += kBlock) {
    const int64_t end = std::min(row + kBlock, last);
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t r = row; r < end; ++r) out[r * k + i] = in[i * m + r];
    }
  }
}

class MatMulLaunch final : public Launch {
 public:
  MatMulLaunch(std::shared_ptr<const Prepared> prepared, Sizes sizes, bool transpose_a, bool transpose_b)
      : prepared_(std::move(prepared)), sizes_(std::move(sizes)), transpose_a_(transpose_a), transpose_b_(transpose_b) {
    const Prepared& p = *prepared_;
    element_ = static_cast<size_t>(bytes_of(p.product));
    unit_ = unit_of(p.product);
    panel_count_ = (sizes_.n + kPanelColumns - 1) / kPanelColumns;
    const int64_t units = (sizes_.k + unit_ - 1) / unit_;
    panel_bytes_ = static_cast<size_t>(units * kPanelColumns * 4);
    const bool is_constant_b = p.weights.data != nullptr;
    reads_right_in_place_ =
        !is_constant_b && p.product == Product::kFloat && !transpose_b_ && sizes_.n % kPanelColumns == 0 && sizes_.m <= kMostUnpackedRows;
    packs_right_ = !is_constant_b && !reads_right_in_place_;
    if (packs_right_) right_bytes_ = align(static_cast<size_t>(sizes_.right_count * panel_count_) * panel_bytes_);
    if (transpose_a_) left_bytes_ = align(static_cast<size_t>(left_count() * sizes_.m * sizes_.k) * element_);
    cut_ = Cut::of(sizes_.items, sizes_.m, std::max<int64_t>(panel_count_, 1), 1, sizes_.k * static_cast<int64_t>(element_),
                   std::max<int64_t>(1, static_cast<int64_t>(panel_bytes_)), p.kernel.most_rows);
    if (sizes_.m == 0 || sizes_.n == 0) sizes_.items = 0;
    finish_ = p.finish;
    if (p.sums_kernel.run) {
      // Every right matrix has a compensation of its own, found as it is packed; the other arrays repeat.
      padded_ = static_cast<size_t>(panel_count_ * kPanelColumns);
      for (int64_t i = 0; i < sizes_.right_count; ++i) {
        for (size_t c = 0; c < padded_; ++c) {
          const size_t from = p.finish_columns < sizes_.n ? 0 : c;
          bias_.push_back(finish_[0].bias[from]);
          scale_.push_back(finish_[0].scale[from]);
        }
      }
      // An int32 bias lies in the compensation.
      for (size_t c = 0; c < padded_; ++c) compensation_.push_back(p.finish_columns < sizes_.n ? 0 : finish_[0].compensation[c]);
      finish_[0].bias = bias_.data();
      finish_[0].scale = scale_.data();
      sums_bytes_ = align(static_cast<size_t>(sizes_.right_count) * padded_ * sizeof(int32_t));
      row_of_128_.assign(static_cast<size_t>(sizes_.k + 64), std::byte{128});
      zeros_.assign(kPanelColumns, 0);
      sums_finish_.compensation = zeros_.data();
      sums_finish_.output = DataType::kInt32;
    } else if (p.finish_columns < sizes_.n) {
      const auto padded = static_cast<size_t>(panel_count_ * kPanelColumns);
      bias_.assign(padded, finish_[0].bias[0]);
      finish_[0].bias = bias_.data();
      if (finish_[0].scale) {
        scale_.assign(padded, finish_[0].scale[0]);
        compensation_.assign(padded, 0);
        finish_[0].scale = scale_.data();
        finish_[0].compensation = compensation_.data();
      }
    }
  }

  size_t workspace_bytes() const override { return right_bytes_ + left_bytes_ + sums_bytes_; }

  Status run(const RunArguments& arguments) const override {
    const Prepared& p = *prepared_;
    auto* left = static_cast<const std::byte*>(p.left.data() ? p.left.data() : arguments.inputs[0]);
    auto* right = static_cast<const std::byte*>(arguments.inputs[1]);
    auto* workspace = static_cast<std::byte*>(arguments.workspace);
    Finish first = finish_[0];
    if (packs_right_) {
      auto* sums = sums_bytes_ != 0 ? reinterpret_cast<int32_t*>(workspace + right_bytes_ + left_bytes_) : nullptr;
      pack_right(*arguments.pool, right, workspace, sums);
      right = workspace;
      if (sums) first.compensation = sums;
    }
    if (transpose_a_) {
      transpose_left(*arguments.pool, left, workspace + right_bytes_);
      left = workspace + right_bytes_;
    }
    const Items items{*this,
                      first,
                      left,
                      right,
                      static_cast<std::byte*>(arguments.outputs[0]),
                      p.finish[0].has_residual ? static_cast<const std::byte*>(arguments.inputs[3]) : nullptr};
    run_panels(*arguments.pool, p.kernel, cut_, sizes_.items, sizes_.n, sizes_.k, reads_right_in_place_ ? sizes_.n * 4 : kPanelColumns * 4,
               items);
    return Ok{};
  }

 private:
  struct Items {
    const MatMulLaunch& launch;
    const Finish& first;
    const std::byte *left, *right;
    std::byte* y;
    const std::byte* residual;

    PanelItem item(int64_t index) const {
      const Prepared& p = *launch.prepared_;
      const Sizes& sizes = launch.sizes_;
      const int64_t matrix = sizes.right_index[static_cast<size_t>(index)];
      PanelItem item;
      item.rows = sizes.m;
      item.taps = 1;
      item.finish = &first;
      item.finish_column = matrix * static_cast<int64_t>(launch.padded_);
      item.panel_bytes = launch.panel_bytes_;
      if (p.weights.data) {
        item.panels = p.panels.panel(p.weights.data, 0, matrix, 0);
        item.finish = &launch.finish_[static_cast<size_t>(matrix)];
      } else if (launch.reads_right_in_place_) {
        item.panels = right + matrix * sizes.k * sizes.n * 4;
        item.panel_bytes = kPanelColumns * 4;
      } else {
        item.panels = right + static_cast<size_t>(matrix * launch.panel_count_) * launch.panel_bytes_;
      }
      return item;
    }
    void locate(int64_t index, int64_t first, int64_t count, const RowAddresses& to) const {
      const Prepared& p = *launch.prepared_;
      const Sizes& sizes = launch.sizes_;
      const size_t stride = static_cast<size_t>(sizes.k) * launch.element_;
      const std::byte* a = left + static_cast<size_t>(sizes.left_index[static_cast<size_t>(index)] * sizes.m + first) * stride;
      const size_t at = static_cast<size_t>((index * sizes.m + first) * sizes.n);
      for (int64_t row = 0; row < count; ++row) {
        to.a[row] = a + static_cast<size_t>(row) * stride;
        to.c[row] = y + (at + static_cast<size_t>(row * sizes.n)) * p.output_bytes;
        to.residual[row] = residual + (at + static_cast<size_t>(row * sizes.n)) * p.residual_bytes;
      }
    }
  };

  int64_t left_count() const { return *std::max_element(sizes_.left_index.begin(), sizes_.left_index.end()) + 1; }

  // Panels of all right matrices and, where `sums` is given, -128 times the sums of their columns.
  void pack_right(ThreadPool& pool, const std::byte* right, std::byte* panels, int32_t* sums) const {
    const size_t matrix_bytes = static_cast<size_t>(sizes_.k * sizes_.n) * element_;
    // A few panels a part, so that a line of a row-major matrix is read by one part.
    constexpr int64_t kPart = 4;
    const int64_t parts = (panel_count_ + kPart - 1) / kPart;
    pool.run(sizes_.right_count * parts, [&](int64_t part, int) {
      const int64_t matrix = part / parts, first = part % parts * kPart, last = std::min(first + kPart, panel_count_);
      pack_panels(prepared_->product, right + static_cast<size_t>(matrix) * matrix_bytes, sizes_.k, sizes_.n,
                  transpose_b_ ? sizes_.k : sizes_.n, transpose_b_, first, last,
                  panels + static_cast<size_t>(matrix * panel_count_) * panel_bytes_);
      for (int64_t panel = first; sums && panel < last; ++panel)
        find_sums(panels + static_cast<size_t>(matrix * panel_count_ + panel) * panel_bytes_, compensation_.data() + panel * kPanelColumns,
                  sums + static_cast<size_t>(matrix) * padded_ + panel * kPanelColumns);
    });
  }

  // `base` less a product of a row of 128s.
  void find_sums(const std::byte* panel, const int32_t* base, int32_t* sums) const {
    const TileKernel& kernel = prepared_->sums_kernel;
    const void* a = row_of_128_.data();
    void* c = sums;
    const Tile tile{&a, 1, 1, 0, sizes_.k, panel, kPanelColumns * 4, &c, nullptr, 0, 0, 1, kPanelColumns, &sums_finish_};
    if (kernel.begin) kernel.begin();
    kernel.run(tile);
    if (kernel.end) kernel.end();
    for (int i = 0; i < kPanelColumns; ++i) sums[i] = base[i] - sums[i];
  }

  void transpose_left(ThreadPool& pool, const std::byte* left, std::byte* rows) const {
    constexpr int64_t kPart = 64;
    const int64_t parts = (sizes_.m + kPart - 1) / kPart, count = sizes_.m * sizes_.k;
    pool.run(left_count() * parts, [&](int64_t part, int) {
      const int64_t at = part / parts * count, first = part % parts * kPart, last = std::min(first + kPart, sizes_.m);
      auto transpose = [&]<class T>(T) {
        transpose_rows(reinterpret_cast<const T*>(left) + at, reinterpret_cast<T*>(rows) + at, sizes_.m, sizes_.k, first, last);
      };
      if (element_ == 4) return transpose(uint32_t{});
      if (element_ == 2) return transpose(uint16_t{});
      transpose(uint8_t{});
    });
  }

  std::shared_ptr<const Prepared> prepared_;
  Sizes sizes_;
  bool transpose_a_, transpose_b_, reads_right_in_place_ = false, packs_right_ = false;
  size_t element_ = 4, panel_bytes_ = 0, right_bytes_ = 0, left_bytes_ = 0;
  int64_t unit_ = 1, panel_count_ = 0;
  std::vector<Finish> finish_;
  std::vector<float> bias_, scale_;  // of columns whose number is known now only
  std::vector<int32_t> compensation_;
  size_t padded_ = 0, sums_bytes_ = 0;  // where compensations are found as B is packed
  std::vector<std::byte> row_of_128_;
  std::vector<int32_t> zeros_;
  Finish sums_finish_;
  Cut cut_;
};

class MatMulKernel final : public Kernel {
 public:
  explicit MatMulKernel(std::shared_ptr<const Prepared> prepared) : prepared_(std::move(prepared)) {}
  Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    const bool transpose_a = prepared_->transpose_a && inputs[0].size() > 1, transpose_b = prepared_->transpose_b && inputs[1].size() > 1;
    TRY_ASSIGN(Sizes sizes, sizes_of(transpose_a, transpose_b, inputs[0], inputs[1]));
    return std::unique_ptr<Launch>(std::make_unique<MatMulLaunch>(prepared_, std::move(sizes), transpose_a, transpose_b));
  }

 private:
  std::shared_ptr<const Prepared> prepared_;
};

struct MatMulPanels final : Tactic {
  std::string_view name() const override { return "cpu.matmul_panels"; }

  static PanelSpec spec_of(const Problem& problem, const MatMul& op) {
    PanelSpec spec;
    if (op.transpose_b && problem.inputs[1].rank() > 1) spec.source = PanelSource::kTransposedMatrix;
    return spec;
  }

  Status accepts(const Problem& problem) const override { return accepts(problem, is_constant(problem, 1)); }
  static Status accepts(const Problem& problem, bool right_is_constant) {
    const auto* op = dynamic_cast<const MatMul*>(problem.op);
    REQUIRES(op, "the operator is no matrix product");
    TRY(all_linear(problem));
    TRY_ASSIGN(Product product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    TRY(EpiloguePlan::accepts(problem, *op, product));
    REQUIRES(problem.inputs[0].rank() >= 1 && problem.inputs[1].rank() >= 1, "an operand is a scalar");
    if (right_is_constant) {
      TRY(Panels::plan(spec_of(problem, *op), product, constant_shape(problem.inputs[1].dims)));
    } else {
      REQUIRES(columns_are_known(problem) || (!is_present(problem, 2) && op->weight_scales.size() <= 1),
               "bias or scales of columns whose count is not known");
    }
    return Ok{};
  }

  Result<std::vector<PackedWeights>> pack(const Problem& problem) const override {
    TRY(accepts(problem));
    if (!is_constant(problem, 1)) return std::vector<PackedWeights>{};
    const auto& op = static_cast<const MatMul&>(*problem.op);
    TRY_ASSIGN(Product product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    return pack_weights(spec_of(problem, op), product, problem.constants[1], 1);
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>& packed) const override {
    const bool right_is_constant = !packed.empty();
    TRY(accepts(problem, right_is_constant));
    const auto& op = static_cast<const MatMul&>(*problem.op);
    auto prepared = std::make_shared<Prepared>();
    prepared->transpose_a = op.transpose_a;
    prepared->transpose_b = op.transpose_b;
    TRY_ASSIGN(prepared->product, product_of(problem.inputs[0].type, problem.inputs[1].type));
    if (is_constant(problem, 0)) prepared->left = problem.constants[0];
    prepared->output_bytes = bytes_of(problem.outputs[0].type, 1);
    if (is_present(problem, 3)) prepared->residual_bytes = bytes_of(problem.inputs[3].type, 1);
    const Isa isa = current_isa();
    std::vector<int32_t> sums;
    ChannelMap map{1, 1};
    if (right_is_constant) {
      TRY_ASSIGN(prepared->panels, Panels::plan(spec_of(problem, op), prepared->product, constant_shape(problem.inputs[1].dims)));
      TRY_ASSIGN(prepared->weights, checked_weights(prepared->panels, prepared->product, packed));
      map.columns = prepared->panels.columns();
      if (prepared->product == Product::kInt8 || prepared->product == Product::kUint8) {
        const int32_t* first = prepared->panels.sums(prepared->weights.data, 0, 0);
        sums.assign(first, first + prepared->panels.groups() * map.padded_count());
      }
    } else {
      map.columns = columns_are_known(problem) ? std::max<int64_t>(1, columns_of(problem).value()) : 1;
    }
    prepared->finish_columns = map.columns;
    prepared->kernel = tile_kernel(prepared->product, isa);
    if (!right_is_constant && prepared->kernel.a_offset != 0) {
      prepared->sums_kernel = tile_kernel(Product::kUint8, isa);
    }
    TRY_ASSIGN(prepared->epilogue, EpiloguePlan::make(problem, op, prepared->product, map, prepared->kernel.a_offset, sums));
    const int64_t copies = prepared->weights.data ? prepared->panels.groups() : 1;
    for (int64_t copy = 0; copy < copies; ++copy) prepared->finish.push_back(prepared->epilogue.finish(sums.empty() ? 0 : copy));
    return std::unique_ptr<Kernel>(std::make_unique<MatMulKernel>(std::move(prepared)));
  }

 private:
  static bool columns_are_known(const Problem& problem) { return problem.inputs[1].rank() == 1 || columns_of(problem).is_constant(); }
  static Dim columns_of(const Problem& problem) {
    const auto& dims = problem.inputs[1].dims;
    if (dims.size() == 1) return 1;
    return dims[dims.size() - (static_cast<const MatMul&>(*problem.op).transpose_b ? 2 : 1)];
  }
};

}  // namespace

TACTIC(MatMulPanels, cpu, matmul_panels)

}  // namespace ingot
