# Matrix products a [I, J] @ b [J, O] by the engine's own operator: BLAS in float32, oneDNN in bfloat16.


# Rows come in multiples of it where there are many. oneDNN prepares code for each shape of a product, which takes as
# long as a small product itself: few shapes are prepared once.
def grain(dtype: int) -> int:
  if dtype == 6:
    return 1
  return 32


# Rows of a product: enough that preparing the weights, however wide they are, takes little time beside it.
def rows() -> int:
  return 1024


# a @ b.
def times(a: Tensor, b: Tensor) -> Tensor:
  return torch.mm(a, b)


# y = a @ b.
def into(a: Tensor, b: Tensor, y: Tensor) -> None:
  _0 = torch.mm(a, b, out=y)
  return None


# grad += a @ b.
def add(a: Tensor, b: Tensor, grad: Tensor) -> None:
  _0 = torch.addmm_(grad, a, b)
  return None


# x @ w^T (+ bias): x [T, I], w [O, I], bias [O].
def linear(x: Tensor, w: Tensor, bias: Optional[Tensor]) -> Tensor:
  if bias is not None:
    return torch.addmm(bias, x, torch.t(w))
  return torch.mm(x, torch.t(w))
