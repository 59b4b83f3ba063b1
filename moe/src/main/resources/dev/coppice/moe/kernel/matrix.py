# Matrix products whose operands may be bfloat16 while gradients stay float32.


# Rows of one block, all of about one size, near what is wanted.
def even_rows(total: int, wanted: int) -> int:
  blocks = max(1, torch.floordiv(2 * total + wanted, 2 * wanted))
  return max(1, torch.floordiv(total + blocks - 1, blocks))


# Rows of a matrix product: enough that what it prepares of the weights, however wide, is little beside it.
def product_rows(total: int) -> int:
  return __torch__.matrix.even_rows(total, 1024)


# Rows of what passes over memory operator by operator: a block of rows of that width fills about one mebibyte, and what one
# operator leaves the next finds in the core's cache.
def cached_rows(total: int, width: int) -> int:
  return __torch__.matrix.even_rows(total, max(16, torch.floordiv(262144, max(width, 1))))


# g += a @ b; where g is stale, g = a @ b.
def accumulate(g: Tensor, a: Tensor, b: Tensor, stale: bool) -> None:
  if ops.prim.dtype(g) != ops.prim.dtype(a):
    if stale:
      _0 = torch.copy_(g, torch.mm(a, b))
    else:
      _0 = torch.add_(g, torch.mm(a, b))
  else:
    if stale:
      _0 = torch.mm(a, b, out=g)
    else:
      _0 = torch.addmm_(g, a, b)
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
  weight = torch.t(torch.to(w, dtype))
  if torch.numel(bias) == 0:
    return torch.mm(x, weight)
  return torch.addmm(torch.to(bias, dtype), x, weight)


# Adds to the gradient of bias, puts off that of w; returns that of x.
def linear_backward(dy: Tensor, x: Tensor, w: Tensor, gw: Tensor, gbias: Tensor, dtype: int, stale: bool, later: List[List[Tensor]]) -> Tensor:
  _0 = __torch__.matrix.put_off(later, gw, torch.t(dy), x, stale)
  if torch.numel(gbias) > 0:
    _1 = torch.add_(gbias, torch.sum(dy, [0], dtype=6))
  return torch.mm(dy, torch.to(w, dtype))
