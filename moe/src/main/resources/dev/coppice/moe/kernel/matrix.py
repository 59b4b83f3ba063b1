# Matrix products whose operands may be bfloat16 while gradients stay float32.


# The least multiple of product.grain() that holds so many rows.
def whole_grains(rows: int, dtype: int) -> int:
  grain = __torch__.product.grain(dtype)
  return torch.floordiv(rows + grain - 1, grain) * grain


# Rows of one block: blocks of about equal size, near the wanted one.
def even_rows(total: int, wanted: int) -> int:
  blocks = max(1, torch.floordiv(2 * total + wanted, 2 * wanted))
  return max(1, torch.floordiv(total + blocks - 1, blocks))


# Rows of one of a matrix product's blocks.
def product_rows(total: int, dtype: int) -> int:
  return __torch__.matrix.whole_grains(__torch__.matrix.even_rows(total, __torch__.product.rows()), dtype)


# Rows of a block for operators that each pass over memory. A block of that width fills about one mebibyte, so the next
# operator finds the result of the last one in the core's cache.
def cached_rows(total: int, width: int) -> int:
  return __torch__.matrix.even_rows(total, max(16, torch.floordiv(262144, max(width, 1))))


# grad += a @ b, or grad = a @ b where it is overwritten.
def accumulate(grad: Tensor, a: Tensor, b: Tensor, overwrite: bool) -> None:
  if ops.prim.dtype(grad) != ops.prim.dtype(a):
    if overwrite:
      _0 = torch.copy_(grad, __torch__.product.times(a, b))
    else:
      _0 = torch.add_(grad, __torch__.product.times(a, b))
  else:
    if overwrite:
      _0 = __torch__.product.into(a, b, grad)
    else:
      _0 = __torch__.product.add(a, b, grad)
  return None


# Leaves the same for run_deferred_matmuls. Nothing may write to a or b until then.
def defer(deferred: __torch__.records.Deferred, grad: Tensor, a: Tensor, b: Tensor, overwrite: bool) -> None:
  if overwrite:
    deferred.overwriting.append(__torch__.records.Matmul(grad, a, b))
  else:
    deferred.adding.append(__torch__.records.Matmul(grad, a, b))
  return None


# Makes the gradients that were deferred, first those that overwrite.
def run_deferred_matmuls(deferred: __torch__.records.Deferred) -> None:
  for i in range(torch.len(deferred.overwriting)):
    matmul = deferred.overwriting[i]
    _0 = __torch__.matrix.accumulate(matmul.grad, matmul.a, matmul.b, True)
  deferred.overwriting.clear()
  for i in range(torch.len(deferred.adding)):
    matmul = deferred.adding[i]
    _0 = __torch__.matrix.accumulate(matmul.grad, matmul.a, matmul.b, False)
  deferred.adding.clear()
  return None


# x @ weight^T, plus a bias where there is one: x [T, I], weight [O, I], bias [O] or [0].
def linear(x: Tensor, weight: Tensor, bias: Tensor, dtype: int) -> Tensor:
  if torch.numel(bias) == 0:
    return __torch__.product.linear(x, torch.to(weight, dtype), annotate(Optional[Tensor], None))
  return __torch__.product.linear(x, torch.to(weight, dtype), annotate(Optional[Tensor], torch.to(bias, dtype)))


# Adds to the gradient of the bias, defers that of the weight; returns that of x.
def linear_backward(dy: Tensor, x: Tensor, weight: Tensor, grad: Tensor, bias_grad: Tensor, dtype: int,
    overwrite: bool, deferred: __torch__.records.Deferred) -> Tensor:
  _0 = __torch__.matrix.defer(deferred, grad, torch.t(dy), x, overwrite)
  if torch.numel(bias_grad) > 0:
    _1 = torch.add_(bias_grad, torch.sum(dy, [0], dtype=6))
  return __torch__.product.times(dy, torch.to(weight, dtype))
