# Matrix products a [I, J] @ b [J, O] by oneDNN in float32 too, for processors on which BLAS does not use their widest
# vectors.


# Rows come in multiples of it where there are many. oneDNN prepares code for each shape of a product, which takes as
# long as a small product itself: few shapes are prepared once.
def grain(dtype: int) -> int:
  return 32


# Rows of a product: more are no faster, and take memory for results on their way to where they belong.
def rows() -> int:
  return 256


# Whether a product is one for oneDNN, and large enough to be worth its preparation.
def suits(a: Tensor, b: Tensor) -> bool:
  if ops.prim.dtype(a) != 6 or ops.prim.is_cuda(a):
    return False
  return torch.size(a, 0) * torch.size(a, 1) * torch.size(b, 1) >= 1048576


# a @ b.
def times(a: Tensor, b: Tensor) -> Tensor:
  return __torch__.product.linear(a, torch.t(b), annotate(Optional[Tensor], None))


# y = a @ b.
def into(a: Tensor, b: Tensor, y: Tensor) -> None:
  if __torch__.product.suits(a, b):
    _0 = torch.copy_(y, __torch__.product.times(a, b))
  else:
    _1 = torch.mm(a, b, out=y)
  return None


# grad += a @ b.
def add(a: Tensor, b: Tensor, grad: Tensor) -> None:
  if __torch__.product.suits(a, b):
    _0 = torch.add_(grad, __torch__.product.times(a, b))
  else:
    _1 = torch.addmm_(grad, a, b)
  return None


# x @ w^T (+ bias): x [T, I], w [O, I], bias [O].
def linear(x: Tensor, w: Tensor, bias: Optional[Tensor]) -> Tensor:
  if __torch__.product.suits(x, torch.t(w)):
    none = annotate(Optional[str], None)
    return ops.mkldnn._linear_pointwise(x, w, bias, "none", annotate(List[Optional[number]], []), none)
  if bias is not None:
    return torch.addmm(bias, x, torch.t(w))
  return torch.mm(x, torch.t(w))
