# A training pass over one batch by a team of threads. A member runs all phases below on its share of the sequences.
# Mixtures are divided into tasks (experts.py) for any free member. Members meet before and after each mixture. Weight
# gradients are not on the critical path: a member defers them to the next meeting, and computes them there before it
# waits. Those of experts are tasks too. With recomputed layers they are computed at once, because the next layer
# overwrites the buffers of their operands.


# A member's pass, with its tokens embedded.
def begin(ids_T: Tensor, model: __torch__.parameters.Model, grads: __torch__.parameters.Model,
    call: __torch__.calls.Call, cos_T1R: Tensor, sin_T1R: Tensor, start: int) -> __torch__.records.Pass:
  x_TD = __torch__.model.embed(ids_T, model, call)
  return __torch__.records.Pass(x_TD, model, grads, call, cos_T1R, sin_T1R, start)


# A layer's attention, and a dense block or the routing before a mixture.
def attention_and_route(state: __torch__.records.Pass, layer: int, buffers: __torch__.records.Buffers) -> None:
  call = state.call
  if call.recompute:
    state.inputs.append(state.x_TD)
  k = call.top_k[layer]
  weights = state.model.layers[layer]
  y_TD, attended = __torch__.attention.forward(
      state.x_TD, weights, call, call.windows[layer], state.cos_T1R, state.sin_T1R)
  if k == 0:
    y_TD, dense = __torch__.experts.dense_half(y_TD, weights, call, True)
    if not call.recompute:
      state.attention.append(attended)
      state.dense.append(dense)
    state.x_TD = y_TD
  else:
    routed, shared_TD = __torch__.experts.route(y_TD, buffers, state.start, weights, k, call, True)
    state.attention.append(attended)
    state.routed.append(routed)
    state.shared_TD = shared_TD
    _0 = __torch__.team.count(state, routed.routing)
  return None


# What the auxiliary losses are made of.
def count(state: __torch__.records.Pass, routing: __torch__.records.Routing) -> None:
  probability_TE = __torch__.router.probabilities(routing.scores_TE, state.call)
  state.probability_E = state.probability_E + torch.sum(probability_TE, [0])
  state.squared_lse = state.squared_lse + torch.sum(torch.square(routing.lse_T))
  experts = torch.size(routing.scores_TE, 1)
  state.loads.append(torch.bincount(torch.flatten(routing.index_TK), minlength=experts))
  return None


# The same a second time, from the layer's input alone, for a backward pass that kept nothing else.
def recompute(state: __torch__.records.Pass, layer: int, buffers: __torch__.records.Buffers) -> None:
  call = state.call
  k = call.top_k[layer]
  weights = state.model.layers[layer]
  x_TD = state.inputs.pop()
  y_TD, attended = __torch__.attention.forward(
      x_TD, weights, call, call.windows[layer], state.cos_T1R, state.sin_T1R)
  state.attention.append(attended)
  if k == 0:
    _0, dense = __torch__.experts.dense_half(y_TD, weights, call, True)
    state.dense.append(dense)
  else:
    routed, _1 = __torch__.experts.route(y_TD, buffers, state.start, weights, k, call, True)
    state.routed.append(routed)
  return None


# Once all members have routed: how many tasks the mixture has, and how many the gradients of its weights.
def plan_dispatch(state: __torch__.records.Pass, layer: int, buffers: __torch__.records.Buffers,
    members: int) -> List[int]:
  plan = __torch__.experts.plan_dispatch(buffers, state.model.layers[layer], members)
  state.plans.append(plan)
  return [torch.len(plan.tasks), 2 * torch.len(plan.weight_tasks)]


# A task of the mixture that was planned last.
def expert_forward(state: __torch__.records.Pass, layer: int, buffers: __torch__.records.Buffers, task: int) -> None:
  plan = state.plans[-1]
  return __torch__.experts.expert_forward(plan, buffers, state.model.layers[layer], state.call, task)


# After the mixture.
def combine(state: __torch__.records.Pass, buffers: __torch__.records.Buffers) -> None:
  routed = state.routed[-1]
  plan = state.plans[-1]
  state.x_TD = __torch__.experts.combine(routed, plan, buffers, state.start, state.shared_TD, state.call)
  state.shared_TD = annotate(Optional[Tensor], None)
  if state.call.recompute:
    _0 = state.attention.pop()
    _1 = state.routed.pop()
    _2 = state.plans.pop()
  return None


# Rows chosen for each expert so far [L, E].
def load(state: __torch__.records.Pass) -> Tensor:
  if torch.len(state.loads) > 0:
    return torch.stack(state.loads)
  return torch.zeros([0, 1], dtype=4)


# The head, forward and backward. Returns the sum of losses [1] float64, rows chosen for each expert [L, E], the sums of
# probabilities [E] and of squared log-sum-exps [1], and that of divergences from the teacher [1] float64.
def loss(state: __torch__.records.Pass, labels_T: Tensor, teacher: Optional[__torch__.records.Teacher]) -> List[Tensor]:
  total, divergences, dx_TD = __torch__.head.loss(
      state.x_TD, state.model, state.grads, labels_T, teacher, state.call)
  state.x_TD = dx_TD
  return [total, __torch__.team.load(state), state.probability_E, state.squared_lse, divergences]


# Hands the gradient of the residual stream to all members.
def combine_backward(state: __torch__.records.Pass, grad_buffers: __torch__.records.GradBuffers) -> None:
  _0 = __torch__.experts.combine_backward(state.x_TD, grad_buffers, state.start, state.call)
  return None


# Where a mixture's gradients of outputs lie: mixtures take the two arrays in turn.
def expert_grads(grad_buffers: __torch__.records.GradBuffers, call: __torch__.calls.Call, layer: int) -> Tensor:
  even = True
  for i in range(layer):
    if call.top_k[i] > 0:
      even = not even
  if even:
    return grad_buffers.even_RD
  return grad_buffers.odd_RD


# A task of the mixture's way back, but for the gradients of its weights.
def expert_backward(state: __torch__.records.Pass, layer: int, buffers: __torch__.records.Buffers,
    grad_buffers: __torch__.records.GradBuffers, task: int) -> None:
  call = state.call
  plan = state.plans[-1]
  d_expert_RD = __torch__.team.expert_grads(grad_buffers, call, layer)
  return __torch__.experts.expert_backward(
      plan, buffers, grad_buffers, d_expert_RD, state.model.layers[layer], call, task)


# Of the mixture that attention_backward was at last; the next mixture but one uses the same arrays. All members share
# the experts' gradients, and so overwrite is theirs and not the call's.
def expert_weight_grads(state: __torch__.records.Pass, layer: int, buffers: __torch__.records.Buffers,
    grad_buffers: __torch__.records.GradBuffers, task: int, overwrite: bool) -> None:
  plan = state.last_plan
  if plan is not None:
    d_expert_RD = __torch__.team.expert_grads(grad_buffers, state.call, layer)
    _0 = __torch__.experts.expert_weight_grads(
        plan, buffers, d_expert_RD, state.grads.layers[layer], task, overwrite)
  else:
    ops.prim.RaiseException("a mixture must have gone back before the gradients of its weights")
  return None


# The rest of a layer's backward pass. balance_E is the gradient of every router probability.
def attention_backward(state: __torch__.records.Pass, layer: int, buffers: __torch__.records.Buffers,
    grad_buffers: __torch__.records.GradBuffers, balance_E: Tensor) -> None:
  call = state.call
  weights = state.model.layers[layer]
  grads = state.grads.layers[layer]
  if call.top_k[layer] == 0:
    dx_TD = __torch__.experts.dense_half_backward(state.x_TD, state.dense.pop(), weights, grads, call, state.deferred)
  else:
    plan = state.plans.pop()
    state.last_plan = annotate(Optional[__torch__.records.DispatchPlan], plan)
    dx_TD = __torch__.experts.route_backward(state.x_TD, state.routed.pop(), plan, buffers, grad_buffers,
        state.start, weights, grads, call, balance_E, state.deferred)
  state.x_TD = __torch__.attention.backward(dx_TD, state.attention.pop(), weights, grads, call, call.windows[layer],
      state.cos_T1R, state.sin_T1R, state.deferred)
  if call.recompute:
    _0 = __torch__.matrix.run_deferred_matmuls(state.deferred)
  return None


# The gradient of the embedding; where the head is the embedding, it has one already.
def embedding_backward(state: __torch__.records.Pass, ids_T: Tensor) -> None:
  call = state.call
  dx_TD = state.x_TD
  if call.embedding_multiplier != 1.:
    dx_TD = torch.mul_(dx_TD, call.embedding_multiplier)
  grad_VD = torch.embedding_dense_backward(dx_TD, ids_T, torch.size(state.model.embedding_VD, 0), -1, False)
  overwrite = call.overwrite
  if torch.is_set_to(state.model.embedding_VD, state.model.head_VD):
    overwrite = False
  if overwrite:
    _0 = torch.copy_(state.grads.embedding_VD, grad_VD)
  else:
    _0 = torch.add_(state.grads.embedding_VD, grad_VD)
  return None
