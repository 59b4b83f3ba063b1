# Matrix products whose operands may be bfloat16 while gradients stay float32.


# The least multiple of product.grain() that holds so many rows.
def whole_grains(rows: int, dtype: int) -> int:
  grain = __torch__.product.grain(dtype)
  return torch.floordiv(rows + grain - 1, grain) * grain


# Rows of one block, all of about one size, near what is wanted.
def even_rows(total: int, wanted: int) -> int:
  blocks = max(1, torch.floordiv(2 * total + wanted, 2 * wanted))
  return max(1, torch.floordiv(total + blocks - 1, blocks))


# Rows of one of a matrix product's blocks.
def product_rows(total: int, dtype: int) -> int:
  return __torch__.matrix.whole_grains(__torch__.matrix.even_rows(total, __torch__.product.rows()), dtype)


# Rows of what passes over memory operator by operator: a block of rows of that width fills about one mebibyte, and what one
# operator leaves the next finds in the core's cache.
def cached_rows(total: int, width: int) -> int:
  return __torch__.matrix.even_rows(total, max(16, torch.floordiv(262144, max(width, 1))))


# g += a @ b; where g is stale, g = a @ b.
def accumulate(g: Tensor, a: Tensor, b: Tensor, stale: bool) -> None:
  if ops.prim.dtype(g) != ops.prim.dtype(a):
    if stale:
      _0 = torch.copy_(g, __torch__.product.times(a, b))
    else:
      _0 = torch.add_(g, __torch__.product.times(a, b))
  else:
    if stale:
      _0 = __torch__.product.into(a, b, g)
    else:
      _0 = __torch__.product.add(a, b, g)
  return None


# Leaves g += a @ b, or g = a @ b where g is stale, for catch_up: later = [g, a, b of all stale ones, those of the others].
# Nothing may write to a or b until then.
def put_off(later: List[List[Tensor]], g: Tensor, a: Tensor, b: Tensor, stale: bool) -> None:
  if stale:
    later[0].extend([g, a, b])
  else:
    later[1].extend([g, a, b])
  return None


# Does what was put off.
def catch_up(later: List[List[Tensor]]) -> None:
  for kind in range(2):
    work = later[kind]
    for i in range(torch.floordiv(torch.len(work), 3)):
      _0 = __torch__.matrix.accumulate(work[3 * i], work[3 * i + 1], work[3 * i + 2], kind == 0)
    work.clear()
  return None


# x @ w^T, plus a bias where there is one: x [T, I], w [O, I], bias [O] or [0].
def linear(x: Tensor, w: Tensor, bias: Tensor, dtype: int) -> Tensor:
  if torch.numel(bias) == 0:
    return __torch__.product.linear(x, torch.to(w, dtype), annotate(Optional[Tensor], None))
  return __torch__.product.linear(x, torch.to(w, dtype), annotate(Optional[Tensor], torch.to(bias, dtype)))


# Adds to the gradient of bias, puts off that of w; returns that of x.
def linear_backward(dy: Tensor, x: Tensor, w: Tensor, gw: Tensor, gbias: Tensor, dtype: int, stale: bool, later: List[List[Tensor]]) -> Tensor:
  _0 = __torch__.matrix.put_off(later, gw, torch.t(dy), x, stale)
  if torch.numel(gbias) > 0:
    _1 = torch.add_(gbias, torch.sum(dy, [0], dtype=6))
  return __torch__.product.times(dy, torch.to(w, dtype))
