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
  def residual(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    return __torch__.model.residual(ids, p, cos, sin, shape, numbers, segments)
  # The phases of team.py. Those that only change their state return some tensor, as a call from outside must.
  def exchange(self: __torch__.Kernels, tokens: int, k: int, layer: int, p: List[Tensor], shape: List[int]) -> List[Tensor]:
    return __torch__.experts.exchange(tokens, k, p[17 + 21 * layer], shape, True)
  def exchange_back(self: __torch__.Kernels, tokens: int, k: int, p: List[Tensor], shape: List[int]) -> List[Tensor]:
    return __torch__.experts.exchange_back(tokens, k, p[0], shape[2])
  def begin(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], numbers: List[float]) -> List[List[Tensor]]:
    return __torch__.team.begin(ids, p, numbers)
  def ahead(self: __torch__.Kernels, state: List[List[Tensor]], layer: int, common: List[Tensor], start: int, again: int, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    __torch__.team.ahead(state, layer, common, start, again == 1, p, cos, sin, shape, numbers, segments)
    return cos
  def open(self: __torch__.Kernels, state: List[List[Tensor]], layer: int, common: List[Tensor], members: int, p: List[Tensor]) -> List[int]:
    return __torch__.team.open(state, layer, common, members, p)
  def mix(self: __torch__.Kernels, state: List[List[Tensor]], layer: int, common: List[Tensor], piece: int, p: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
    __torch__.team.mix(state, layer, common, piece, p, shape, numbers)
    return common[0]
  def after(self: __torch__.Kernels, state: List[List[Tensor]], common: List[Tensor], start: int, shape: List[int], numbers: List[float]) -> Tensor:
    __torch__.team.after(state, common, start, shape, numbers)
    return common[0]
  def load(self: __torch__.Kernels, state: List[List[Tensor]]) -> Tensor:
    return __torch__.team.load(state)
  def judge(self: __torch__.Kernels, state: List[List[Tensor]], labels: Tensor, p: List[Tensor], g: List[Tensor], shape: List[int], numbers: List[float]) -> List[Tensor]:
    return __torch__.team.judge(state, labels, p, g, shape, numbers, annotate(List[Tensor], []), annotate(List[float], []), 0)
  # x is the teacher's residual, q its parameters; lesson = [temperature, weight, divisor of the teacher's logits, its
  # epsilon], means = [top, its compute dtype]
  def judge_taught(self: __torch__.Kernels, state: List[List[Tensor]], labels: Tensor, p: List[Tensor], g: List[Tensor], shape: List[int], numbers: List[float], x: Tensor, q: List[Tensor], lesson: List[float], means: List[int]) -> List[Tensor]:
    taught = __torch__.head.teacher(x, q, means[1], lesson[3])
    return __torch__.team.judge(state, labels, p, g, shape, numbers, taught, lesson, means[0])
  def enter_backward(self: __torch__.Kernels, state: List[List[Tensor]], back: List[Tensor], start: int, numbers: List[float]) -> Tensor:
    __torch__.team.enter_backward(state, back, start, numbers)
    return back[0]
  def mix_backward(self: __torch__.Kernels, state: List[List[Tensor]], layer: int, common: List[Tensor], back: List[Tensor], piece: int, p: List[Tensor], shape: List[int]) -> Tensor:
    __torch__.team.mix_backward(state, layer, common, back, piece, p, shape)
    return back[0]
  def mix_weights(self: __torch__.Kernels, state: List[List[Tensor]], layer: int, common: List[Tensor], back: List[Tensor], piece: int, g: List[Tensor], shape: List[int], stale: int) -> Tensor:
    __torch__.team.mix_weights(state, layer, common, back, piece, g, shape, stale == 1)
    return back[0]
  def behind(self: __torch__.Kernels, state: List[List[Tensor]], layer: int, common: List[Tensor], back: List[Tensor], start: int, balance: Tensor, p: List[Tensor], g: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    __torch__.team.behind(state, layer, common, back, start, balance, p, g, cos, sin, shape, numbers, segments)
    return balance
  def catch_up(self: __torch__.Kernels, state: List[List[Tensor]]) -> Tensor:
    __torch__.team.catch_up(state)
    return state[0][0]
  def end(self: __torch__.Kernels, state: List[List[Tensor]], ids: Tensor, p: List[Tensor], g: List[Tensor], shape: List[int], numbers: List[float]) -> Tensor:
    __torch__.team.end(state, ids, p, g, shape, numbers)
    return ids
  def routers(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
    return __torch__.health.routers(ids, p, cos, sin, shape, numbers, segments)
  def caches(self: __torch__.Kernels, capacity: int, shape: List[int], like: Tensor) -> List[Tensor]:
    return __torch__.decode.caches(capacity, shape, like)
  def step(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], caches: List[Tensor], past: int, cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float]) -> Tensor:
    return __torch__.decode.step(ids, p, caches, past, cos, sin, shape, numbers)
  # a @ a, as the kernels multiply; its first number.
  def square(self: __torch__.Kernels, a: Tensor, dtype: int) -> Tensor:
    x = torch.to(a, dtype)
    return torch.to(torch.narrow(torch.flatten(__torch__.product.times(x, x)), 0, 0, 1), 6)
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
