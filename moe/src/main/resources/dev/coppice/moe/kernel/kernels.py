class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  def forward(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
    return __torch__.model.logits(ids, p, shape, numbers)
  # For callers that can pass arrays only: shape and numbers come as arrays.
  def block(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], shape: Tensor, numbers: Tensor) -> Tensor:
    integers = annotate(List[int], [])
    for i in range(torch.size(shape, 0)):
      integers.append(int(shape[i]))
    floats = annotate(List[float], [])
    for i in range(torch.size(numbers, 0)):
      floats.append(float(numbers[i]))
    return __torch__.block.forward(ids, p, integers, floats)
  def score(self: __torch__.Kernels, ids: Tensor, labels: Tensor, p: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
    return __torch__.model.score(ids, labels, p, shape, numbers)
  def accumulate(self: __torch__.Kernels, ids: Tensor, labels: Tensor, p: List[Tensor], g: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
    return __torch__.model.accumulate(ids, labels, p, g, shape, numbers)
  def clip(self: __torch__.Kernels, g: List[Tensor], limit: float) -> Tensor:
    return __torch__.optimizer.clip(g, limit)
  # settings = [learning rate, beta 1, beta 2, weight decay, epsilon]
  def adamw(self: __torch__.Kernels, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], settings: List[float], divisor: Tensor) -> Tensor:
    none = annotate(List[Tensor], [])
    if float(divisor) > 1.:
      torch._fused_adamw_(p, g, m, v, none, steps, lr=settings[0], beta1=settings[1], beta2=settings[2], weight_decay=settings[3], eps=settings[4], amsgrad=False, maximize=False, grad_scale=divisor)
    else:
      torch._fused_adamw_(p, g, m, v, none, steps, lr=settings[0], beta1=settings[1], beta2=settings[2], weight_decay=settings[3], eps=settings[4], amsgrad=False, maximize=False)
    return divisor
  def zero(self: __torch__.Kernels, g: List[Tensor]) -> Tensor:
    torch._foreach_zero_(g)
    return g[0]
