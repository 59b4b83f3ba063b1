# The methods that Java calls. Those that only change their state return some tensor, as a call from outside must.
# One legend for the whole library: a tensor's name ends in its dimensions.
#   B sequences   S tokens of one   T = B*S, or a member's tokens   D model width   V vocabulary
#   E experts     K chosen by a token   F an expert's inner width; gate and up rows lie in one, 2F
#   R rows of all experts, each expert's filled up (experts.py)
#   H query heads   G key-value heads   N width of their heads   M width of a value's head
#   A heads and their widths in one dimension   L latents (latent.py)   1 one
# In cos and sin, and in rotary.py, R is the half of the dimensions that turn.
# dtypes are numbers: 4 int64, 6 float32, 7 float64, 15 bfloat16.
class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  def model(self: __torch__.Kernels, p: List[Tensor]) -> __torch__.parameters.Model:
    return __torch__.parameters.model(p)
  def call(self: __torch__.Kernels, integers: List[int], numbers: List[float],
      segments: List[int]) -> __torch__.calls.Call:
    return __torch__.calls.call(integers, numbers, segments)
  def forward(self: __torch__.Kernels, ids_T: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor,
      sin_T1R: Tensor, call: __torch__.calls.Call) -> Tensor:
    return __torch__.model.logits(ids_T, model, cos_T1R, sin_T1R, call)
  # For callers that can pass arrays only.
  def block(self: __torch__.Kernels, ids: Tensor, p: List[Tensor], cos_T1R: Tensor, sin_T1R: Tensor, integers: Tensor,
      numbers: Tensor) -> Tensor:
    call = __torch__.calls.call(annotate(List[int], integers.tolist()), annotate(List[float], numbers.tolist()),
        annotate(List[int], []))
    return __torch__.block.forward(ids, __torch__.parameters.model(p), cos_T1R, sin_T1R, call)
  def score(self: __torch__.Kernels, ids_T: Tensor, labels_T: Tensor, model: __torch__.parameters.Model,
      cos_T1R: Tensor, sin_T1R: Tensor, call: __torch__.calls.Call) -> Tensor:
    return __torch__.model.score(ids_T, labels_T, model, cos_T1R, sin_T1R, call)
  def residual(self: __torch__.Kernels, ids_T: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor,
      sin_T1R: Tensor, call: __torch__.calls.Call) -> Tensor:
    return __torch__.model.residual(ids_T, model, cos_T1R, sin_T1R, call)
  def routers(self: __torch__.Kernels, ids_T: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor,
      sin_T1R: Tensor, call: __torch__.calls.Call) -> Tensor:
    return __torch__.health.routers(ids_T, model, cos_T1R, sin_T1R, call)
  def caches(self: __torch__.Kernels, capacity: int, call: __torch__.calls.Call,
      like: Tensor) -> List[__torch__.decode.Cache]:
    return __torch__.decode.caches(capacity, call, like)
  def step(self: __torch__.Kernels, ids_T: Tensor, model: __torch__.parameters.Model,
      caches: List[__torch__.decode.Cache], past: int, cos_T1R: Tensor, sin_T1R: Tensor,
      call: __torch__.calls.Call) -> Tensor:
    return __torch__.decode.step(ids_T, model, caches, past, cos_T1R, sin_T1R, call)
  # The phases of team.py.
  def buffers(self: __torch__.Kernels, tokens: int, k: int, layer: int, model: __torch__.parameters.Model,
      call: __torch__.calls.Call) -> __torch__.records.Buffers:
    return __torch__.experts.buffers(tokens, k, model.layers[layer], call, True)
  # For layers without a mixture.
  def no_buffers(self: __torch__.Kernels, model: __torch__.parameters.Model) -> __torch__.records.Buffers:
    x = model.final_norm_D
    return __torch__.records.Buffers(x, x, x, x, x, x)
  def grad_buffers(self: __torch__.Kernels, tokens: int, k: int, model: __torch__.parameters.Model,
      call: __torch__.calls.Call) -> __torch__.records.GradBuffers:
    return __torch__.experts.grad_buffers(tokens, k, model.embedding_VD, call.dtype)
  def begin(self: __torch__.Kernels, ids_T: Tensor, model: __torch__.parameters.Model,
      grads: __torch__.parameters.Model, call: __torch__.calls.Call, cos_T1R: Tensor, sin_T1R: Tensor,
      start: int) -> __torch__.records.Pass:
    return __torch__.team.begin(ids_T, model, grads, call, cos_T1R, sin_T1R, start)
  def attention_and_route(self: __torch__.Kernels, state: __torch__.records.Pass, layer: int,
      buffers: __torch__.records.Buffers) -> Tensor:
    __torch__.team.attention_and_route(state, layer, buffers)
    return state.x_TD
  def recompute(self: __torch__.Kernels, state: __torch__.records.Pass, layer: int,
      buffers: __torch__.records.Buffers) -> Tensor:
    __torch__.team.recompute(state, layer, buffers)
    return state.x_TD
  def plan_dispatch(self: __torch__.Kernels, state: __torch__.records.Pass, layer: int,
      buffers: __torch__.records.Buffers, members: int) -> List[int]:
    return __torch__.team.plan_dispatch(state, layer, buffers, members)
  def expert_forward(self: __torch__.Kernels, state: __torch__.records.Pass, layer: int,
      buffers: __torch__.records.Buffers, task: int) -> Tensor:
    __torch__.team.expert_forward(state, layer, buffers, task)
    return state.x_TD
  def combine(self: __torch__.Kernels, state: __torch__.records.Pass, buffers: __torch__.records.Buffers) -> Tensor:
    __torch__.team.combine(state, buffers)
    return state.x_TD
  def load(self: __torch__.Kernels, state: __torch__.records.Pass) -> Tensor:
    return __torch__.team.load(state)
  def loss(self: __torch__.Kernels, state: __torch__.records.Pass, labels_T: Tensor) -> List[Tensor]:
    return __torch__.team.loss(state, labels_T, annotate(Optional[__torch__.records.Teacher], None))
  # x_TD is the teacher's residual stream after all layers; the rest as in records.Teacher.
  def distilled_loss(self: __torch__.Kernels, state: __torch__.records.Pass, labels_T: Tensor, x_TD: Tensor,
      model: __torch__.parameters.Model, call: __torch__.calls.Call, temperature: float, weight: float,
      top: int) -> List[Tensor]:
    r_T1 = __torch__.norm.inverse_rms(x_TD, call.norm_epsilon)
    n_TD = torch.to(__torch__.norm.apply(x_TD, r_T1, model.final_norm_D), call.dtype)
    head_VD = torch.to(model.head_VD, call.dtype)
    teacher = __torch__.records.Teacher(n_TD, head_VD, call.logits_divisor, temperature, weight, top)
    return __torch__.team.loss(state, labels_T, annotate(Optional[__torch__.records.Teacher], teacher))
  def combine_backward(self: __torch__.Kernels, state: __torch__.records.Pass,
      grad_buffers: __torch__.records.GradBuffers) -> Tensor:
    __torch__.team.combine_backward(state, grad_buffers)
    return state.x_TD
  def expert_backward(self: __torch__.Kernels, state: __torch__.records.Pass, layer: int,
      buffers: __torch__.records.Buffers, grad_buffers: __torch__.records.GradBuffers, task: int) -> Tensor:
    __torch__.team.expert_backward(state, layer, buffers, grad_buffers, task)
    return state.x_TD
  def expert_weight_grads(self: __torch__.Kernels, state: __torch__.records.Pass, layer: int,
      buffers: __torch__.records.Buffers, grad_buffers: __torch__.records.GradBuffers, task: int,
      overwrite: int) -> Tensor:
    __torch__.team.expert_weight_grads(state, layer, buffers, grad_buffers, task, overwrite == 1)
    return state.x_TD
  def attention_backward(self: __torch__.Kernels, state: __torch__.records.Pass, layer: int,
      buffers: __torch__.records.Buffers, grad_buffers: __torch__.records.GradBuffers, balance_E: Tensor) -> Tensor:
    __torch__.team.attention_backward(state, layer, buffers, grad_buffers, balance_E)
    return state.x_TD
  def run_deferred_matmuls(self: __torch__.Kernels, state: __torch__.records.Pass) -> Tensor:
    __torch__.matrix.run_deferred_matmuls(state.deferred)
    return state.x_TD
  def embedding_backward(self: __torch__.Kernels, state: __torch__.records.Pass, ids_T: Tensor) -> Tensor:
    __torch__.team.embedding_backward(state, ids_T)
    return state.x_TD
  # a @ a, as the kernels multiply; its first number.
  def square(self: __torch__.Kernels, a: Tensor, dtype: int) -> Tensor:
    x = torch.to(a, dtype)
    return torch.to(torch.narrow(torch.flatten(__torch__.product.times(x, x)), 0, 0, 1), 6)
  def clip(self: __torch__.Kernels, grads: List[Tensor], limit: float) -> Tensor:
    return __torch__.optimizer.clip(grads, limit)
  def balance(self: __torch__.Kernels, bias_E: Tensor, counts_E: Tensor, step: float) -> Tensor:
    return __torch__.optimizer.balance(bias_E, counts_E, step)
  def adamw(self: __torch__.Kernels, p: List[Tensor], grads: List[Tensor], first_moments: List[Tensor],
      second_moments: List[Tensor], steps: List[Tensor], learning_rate: float, beta1: float, beta2: float,
      weight_decay: float, epsilon: float, divisor: Tensor) -> Tensor:
    none = annotate(List[Tensor], [])
    if float(divisor) > 1.:
      torch._fused_adamw_(p, grads, first_moments, second_moments, none, steps, lr=learning_rate, beta1=beta1,
          beta2=beta2, weight_decay=weight_decay, eps=epsilon, amsgrad=False, maximize=False, grad_scale=divisor)
    else:
      torch._fused_adamw_(p, grads, first_moments, second_moments, none, steps, lr=learning_rate, beta1=beta1,
          beta2=beta2, weight_decay=weight_decay, eps=epsilon, amsgrad=False, maximize=False)
    return divisor
  def zero(self: __torch__.Kernels, a: List[Tensor]) -> Tensor:
    torch._foreach_zero_(a)
    return a[0]
  # a += b
  def add(self: __torch__.Kernels, a: List[Tensor], b: List[Tensor]) -> Tensor:
    torch._foreach_add_(a, b)
    return a[0]
  def copy(self: __torch__.Kernels, to: List[Tensor], source: List[Tensor]) -> Tensor:
    torch._foreach_copy_(to, source)
    return to[0]
  # a += weight * (b - a)
  def approach(self: __torch__.Kernels, a: List[Tensor], b: List[Tensor], weight: float) -> Tensor:
    torch._foreach_lerp_(a, b, weight)
    return a[0]
