// (x - mean) / sqrt(variance + epsilon) * scale + shift along each row; see rows.cu. LOADED and STORED come with the scales around it.
// extra[0] scale, extra[1] bias, extra[2] the epilogue's second value, of x's shape.
extern "C" __global__ void __launch_bounds__(256) normalize(const RowParameters p) {
  const int64 own = ROW_OF_THREAD, row = own < p.outputs ? own : p.outputs - 1;
  int64 unused;
  const int64 base = outer_offset(p, row, p.y_strides, &unused);
  const X* x = (const X*)p.x + base;
  Y* y = (Y*)p.y + base;
  REAL mean = 0;
#if CENTERED
  for (int64 i = LANE; i < p.row; i += LANES) mean += LOADED(x[row_offset(p, i)]);
  mean = joined<Sum>(mean) / (REAL)p.row;
#endif
  REAL squares = 0;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const REAL v = LOADED(x[row_offset(p, i)]) - mean;
    squares += v * v;
  }
  squares = joined<Sum>(squares);
  const REAL factor = (REAL)1 / m_sqrt(squares / (REAL)p.row + (REAL)p.epsilon);
  if (own >= p.outputs) return;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const int64 at = row_offset(p, i);
    REAL v = (LOADED(x[at]) - mean) * factor;
#if HAS_SCALE
    v *= (REAL)load(((const SCALE*)p.extra[0])[extra_offset(p, 0, row, i)]);
#endif
#if HAS_SHIFT
    v += (REAL)load(((const SHIFT*)p.extra[1])[extra_offset(p, 1, row, i)]);
#endif
#if HAS_SECOND
    const REAL second = (REAL)load(((const SECOND*)p.extra[2])[extra_offset(p, 2, row, i)]);
#else
    const REAL second = 0;
#endif
    (void)second;
    y[at] = STORED(EPILOGUE);
  }
}
