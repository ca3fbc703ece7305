/** Matrix product and transpose in plain loops, in float64. Matrices lie row by row. */

/** a (rows, inner) · b (inner, columns). */
export function matmul(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < columns; j++) {
        const element = i * columns + j;
        product[element] = (product[element] as number) + (a[i * inner + k] as number) * (b[k * columns + j] as number);
      }
  return product;
}

/** The transpose of a (rows, columns). */
export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: a.length }, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)] as number);
}
