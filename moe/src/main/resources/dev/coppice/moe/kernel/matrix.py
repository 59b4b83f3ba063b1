# Matrix products whose operands may be bfloat16 while gradients stay float32.


# g += a @ b
def accumulate(g: Tensor, a: Tensor, b: Tensor) -> None:
  if ops.prim.dtype(g) == ops.prim.dtype(a):
    _0 = torch.addmm_(g, a, b)
  else:
    _1 = torch.add_(g, torch.mm(a, b))
  return None
