class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  def forward(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    return __torch__.model.logits(ids, p, cos, sin, shape, numbers, segments)
  # For callers that can pass arrays only: shape and numbers come as arrays.
  def block(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: Tensor, numbers: Tensor) -> Tensor:
    return __torch__.block.forward(ids, p, cos, sin, annotate(List[int], shape.tolist()), annotate(List[float], numbers.tolist()))
  def score(self: __torch__.Kernels, ids: Tensor, labels: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    return __torch__.model.score(ids, labels, p, cos, sin, shape, numbers, segments)
  def begin(self: __torch__.Kernels, ids: Tensor, labels: Tensor, p: List[Tensor], g: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tuple[List[Tensor], List[List[Tensor]]]:
    return __torch__.model.begin(ids, labels, p, g, cos, sin, shape, numbers, segments, annotate(List[Tensor], []), annotate(List[float], []), 0)
  def residual(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    return __torch__.model.residual(ids, p, cos, sin, shape, numbers, segments)
  # x is the teacher's residual, q its parameters; lesson = [temperature, weight, divisor of the teacher's logits, its
  # epsilon], means = [top, its compute dtype]
  def begin_taught(self: __torch__.Kernels, ids: Tensor, labels: Tensor, p: List[Tensor], g: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int], x: Tensor, q: List[Tensor], lesson: List[float], means: List[int]) -> Tuple[List[Tensor], List[List[Tensor]]]:
    taught = __torch__.head.teacher(x, q, means[1], lesson[3])
    return __torch__.model.begin(ids, labels, p, g, cos, sin, shape, numbers, segments, taught, lesson, means[0])
  def finish(self: __torch__.Kernels, ids: Tensor, dx: Tensor, saved: List[List[Tensor]], balance: Tensor, p: List[Tensor], g: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    return __torch__.model.finish(ids, dx, saved, balance, p, g, cos, sin, shape, numbers, segments)
  def routers(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    return __torch__.health.routers(ids, p, cos, sin, shape, numbers, segments)
  def caches(self: __torch__.Kernels, capacity: int, shape: List[int], like: Tensor) -> List[Tensor]:
    return __torch__.decode.caches(capacity, shape, like)
  def step(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], caches: List[Tensor], past: int, cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float]) -> Tensor:
    return __torch__.decode.step(ids, p, caches, past, cos, sin, shape, numbers)
  def clip(self: __torch__.Kernels, g: List[Tensor], limit: float) -> Tensor:
    return __torch__.optimizer.clip(g, limit)
  def balance(self: __torch__.Kernels, bias: Tensor, counts: Tensor, step: float) -> Tensor:
    return __torch__.optimizer.balance(bias, counts, step)
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
  # a += b
  def add(self: __torch__.Kernels, a: List[Tensor], b: List[Tensor]) -> Tensor:
    torch._foreach_add_(a, b)
    return a[0]
  def copy(self: __torch__.Kernels, to: List[Tensor], what: List[Tensor]) -> Tensor:
    torch._foreach_copy_(to, what)
    return to[0]
  # a += weight * (b - a)
  def approach(self: __torch__.Kernels, a: List[Tensor], b: List[Tensor], weight: float) -> Tensor:
    torch._foreach_lerp_(a, b, weight)
    return a[0]
