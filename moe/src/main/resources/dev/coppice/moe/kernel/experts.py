# The feed-forward half of a layer and its backward pass: routed experts, shared ones, or one dense block.
# K = 0 marks a dense layer: one expert that every token takes.
# Tokens are shared out between the members of a team (team.py), while a mixture comes in tasks, each for the next
# member that is free: who takes a task changes no bit of it. So rows lie in arrays of all tokens, the buffers.
# Each expert's rows begin and end at a multiple of row_multiple(): the rows that fill up are some token's, with a
# weight of zero. A member's tokens are those from start on.


# Rows in order of their expert: counts [E], the order of the choices [T*K], the row of each choice [T, K].
def dispatch(index_TK: Tensor, experts: int) -> Tuple[Tensor, Tensor, Tensor]:
  flat = torch.flatten(index_TK)
  counts_E = torch.bincount(flat, minlength=experts)
  order = torch.argsort(flat, stable=True)
  numbers = torch.arange(0, torch.size(order, 0), 1, dtype=4, device=ops.prim.device(order))
  rows = torch.scatter(torch.empty_like(order), 0, order, numbers)
  return (counts_E, order, torch.view_as(rows, index_TK))


# The sum of K rows for each token, times their weights where given, in float32: rows [R, D] to [T, D].
def gather(rows_RD: Tensor, place_TK: Tensor, weight_TK: Optional[Tensor]) -> Tensor:
  tokens = torch.size(place_TK, 0)
  k = torch.size(place_TK, 1)
  if weight_TK is not None:
    flat = annotate(Optional[Tensor], torch.flatten(weight_TK))
  else:
    flat = annotate(Optional[Tensor], None)
  offsets = torch.arange(0, tokens * k, k, device=ops.prim.device(rows_RD))
  sum_TD, _0, _1, _2 = torch._embedding_bag_forward_only(
      torch.to(rows_RD, 6), torch.flatten(place_TK), offsets, False, 0, False, flat)
  return sum_TD


# An expert's part of what may be empty, in a type: a view where it is of that type.
def part(all: Tensor, expert: int, dtype: int) -> Optional[Tensor]:
  if torch.numel(all) == 0:
    return annotate(Optional[Tensor], None)
  return annotate(Optional[Tensor], torch.to(torch.select(all, 0, expert), dtype))


# One expert: tokens of normed [T, D], or all where token is empty, into h, d_activation (gate.py) and y [R, D].
def expert(normed_TD: Tensor, token_R: Tensor, gate_up_FD: Tensor, down_DF: Tensor, gate_up_bias_F: Optional[Tensor],
    down_bias_D: Optional[Tensor], h_RF: Tensor, d_activation_RF: Tensor, y_RD: Tensor,
    call: __torch__.calls.Call) -> None:
  total = torch.size(h_RF, 0)
  step = __torch__.matrix.product_rows(total, ops.prim.dtype(d_activation_RF))
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    if torch.numel(token_R) > 0:
      input_RD = torch.index_select(normed_TD, 0, torch.narrow(token_R, 0, start, size))
    else:
      input_RD = torch.narrow(normed_TD, 0, start, size)
    h = torch.narrow(h_RF, 0, start, size)
    gate_up_RF = __torch__.product.linear(input_RD, gate_up_FD, gate_up_bias_F)
    _0 = __torch__.gate.forward(gate_up_RF, h, torch.narrow(d_activation_RF, 0, start, size), call)
    y = torch.narrow(y_RD, 0, start, size)
    if down_bias_D is not None:
      _1 = torch.copy_(y, __torch__.product.linear(h, down_DF, down_bias_D))
    else:
      _2 = __torch__.product.into(h, torch.t(down_DF), y)
  return None


# The gradient of rows' outputs to that of their inputs, into dx; overwrites d_activation as gate.backward does.
def rows_backward(dy_RD: Tensor, d_activation_RF: Tensor, gate_up_FD: Tensor, down_DF: Tensor, dx_RD: Tensor) -> None:
  total = torch.size(d_activation_RF, 0)
  step = __torch__.matrix.product_rows(total, ops.prim.dtype(d_activation_RF))
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    d_gate_up_RF = torch.narrow(d_activation_RF, 0, start, size)
    dh_RF = __torch__.product.times(torch.narrow(dy_RD, 0, start, size), down_DF)
    _0 = __torch__.gate.backward(dh_RF, d_gate_up_RF)
    _1 = __torch__.product.into(d_gate_up_RF, gate_up_FD, torch.narrow(dx_RD, 0, start, size))
  return None


# A block that every token takes, weights [1, ...]: its output [T, D], and h and d_activation (gate.py).
def dense(normed_TD: Tensor, gate_up_EFD: Tensor, down_EDF: Tensor, call: __torch__.calls.Call,
    train: bool) -> Tuple[Tensor, Tensor, Tensor]:
  dtype = ops.prim.dtype(normed_TD)
  all = torch.empty([0], dtype=4, device=ops.prim.device(normed_TD))
  tokens = torch.size(normed_TD, 0)
  h_TF, d_activation_TF = __torch__.gate.buffers(tokens, torch.size(gate_up_EFD, 1), normed_TD, dtype, train)
  y_TD = torch.empty_like(normed_TD)
  none = annotate(Optional[Tensor], None)
  gate_up_FD = torch.to(torch.select(gate_up_EFD, 0, 0), dtype)
  down_DF = torch.to(torch.select(down_EDF, 0, 0), dtype)
  _0 = __torch__.experts.expert(
      normed_TD, all, gate_up_FD, down_DF, none, none, h_TF, d_activation_TF, y_TD, call)
  return (y_TD, h_TF, d_activation_TF)


# The gradient of its output to that of its input; defers those of its weights.
def dense_backward(dy_TD: Tensor, normed_TD: Tensor, h_TF: Tensor, d_activation_TF: Tensor, gate_up_EFD: Tensor,
    down_EDF: Tensor, gate_up_grad_EFD: Tensor, down_grad_EDF: Tensor, overwrite: bool,
    deferred: __torch__.records.Deferred) -> Tensor:
  dtype = ops.prim.dtype(normed_TD)
  dx_TD = torch.empty_like(normed_TD)
  gate_up_FD = torch.to(torch.select(gate_up_EFD, 0, 0), dtype)
  down_DF = torch.to(torch.select(down_EDF, 0, 0), dtype)
  _0 = __torch__.experts.rows_backward(dy_TD, d_activation_TF, gate_up_FD, down_DF, dx_TD)
  _1 = __torch__.matrix.defer(deferred, torch.select(down_grad_EDF, 0, 0), torch.t(dy_TD), h_TF, overwrite)
  gate_up_grad_FD = torch.select(gate_up_grad_EFD, 0, 0)
  _2 = __torch__.matrix.defer(deferred, gate_up_grad_FD, torch.t(d_activation_TF), normed_TD, overwrite)
  return dx_TD


# The shared experts' output [T, D] as float32, and what the backward pass needs.
def shared(n_TD: Tensor, normed_TD: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call,
    train: bool) -> Tuple[Tensor, __torch__.records.SharedSaved]:
  none = annotate(Optional[Tensor], None)
  y_TD, h_TF, d_activation_TF = __torch__.experts.dense(
      normed_TD, layer.shared_gate_up_EFD, layer.shared_down_EDF, call, train)
  y_TD = torch.to(y_TD, 6)
  if torch.numel(layer.shared_score_ED) == 0:
    return (y_TD, __torch__.records.SharedSaved(h_TF, d_activation_TF, none, none))
  gate_T1 = torch.sigmoid(torch.mm(n_TD, torch.t(layer.shared_score_ED)))
  saved = __torch__.records.SharedSaved(
      h_TF, d_activation_TF, annotate(Optional[Tensor], y_TD), annotate(Optional[Tensor], gate_T1))
  return (y_TD * gate_T1, saved)


# The gradient of the shared experts' output to that of n, in float32.
def shared_backward(dy_TD: Tensor, n_TD: Tensor, normed_TD: Tensor, saved: __torch__.records.SharedSaved,
    layer: __torch__.parameters.Layer, grads: __torch__.parameters.Layer, call: __torch__.calls.Call,
    deferred: __torch__.records.Deferred) -> Tensor:
  output_TD = saved.output_TD
  gate_T1 = saved.gate_T1
  d_TD = dy_TD
  if gate_T1 is not None:
    d_TD = dy_TD * gate_T1
  d_normed_TD = __torch__.experts.dense_backward(torch.to(d_TD, call.dtype), normed_TD, saved.h_TF,
      saved.d_activation_TF, layer.shared_gate_up_EFD, layer.shared_down_EDF, grads.shared_gate_up_EFD,
      grads.shared_down_EDF, call.overwrite, deferred)
  dn_TD = torch.to(d_normed_TD, 6)
  if gate_T1 is not None and output_TD is not None:
    d_gate_T1 = torch.sum(dy_TD * output_TD, [1], True) * gate_T1 * (1. - gate_T1)
    _0 = __torch__.matrix.accumulate(grads.shared_score_ED, torch.t(d_gate_T1), n_TD, call.overwrite)
    dn_TD = torch.addmm(dn_TD, d_gate_T1, layer.shared_score_ED)
  return dn_TD


# The number that the rows of each expert are filled up to a multiple of: a power of two that their mean holds eight
# times, or one.
def row_multiple(rows: int, experts: int, dtype: int) -> int:
  multiple = __torch__.product.grain(dtype)
  while multiple > 1 and 8 * multiple * experts > rows:
    multiple = torch.floordiv(multiple, 2)
  return multiple


# R: room for so many rows of so many experts, each expert's filled up.
def room(rows: int, experts: int, dtype: int) -> int:
  return rows + experts * (__torch__.experts.row_multiple(rows, experts, dtype) - 1)


# A mixture's arrays, not filled.
def buffers(tokens: int, k: int, layer: __torch__.parameters.Layer, call: __torch__.calls.Call,
    train: bool) -> __torch__.records.Buffers:
  like = layer.gate_up_EFD
  device = ops.prim.device(like)
  experts, inner, width = torch.size(like)
  rows = __torch__.experts.room(tokens * k, experts, call.dtype)
  normed_TD = torch.empty([tokens, width], dtype=call.dtype, device=device)
  expert_RD = torch.empty([rows, width], dtype=call.dtype, device=device)
  index_TK = torch.empty([tokens, k], dtype=4, device=device)
  h_RF, d_activation_RF = __torch__.gate.buffers(rows, inner, like, call.dtype, train)
  weight_TK = torch.empty([tokens, k], dtype=6, device=device)
  return __torch__.records.Buffers(normed_TD, expert_RD, index_TK, weight_TK, h_RF, d_activation_RF)


# The backward pass's arrays, not filled, for all layers; k is the most that one chooses. Filling up takes less than an
# eighth more.
def grad_buffers(tokens: int, k: int, like_VD: Tensor, dtype: int) -> __torch__.records.GradBuffers:
  device = ops.prim.device(like_VD)
  width = torch.size(like_VD, 1)
  rows = torch.floordiv(9 * tokens * k, 8)
  even_RD = torch.empty([rows, width], dtype=dtype, device=device)
  sum_TD = torch.empty([tokens, width], dtype=6, device=device)
  weight_R = torch.empty([rows], dtype=6, device=device)
  return __torch__.records.GradBuffers(sum_TD, weight_R, even_RD, torch.empty_like(even_RD))


# Tasks of a mixture, experts in falling order of rows: runs that together have 256 rows at least, then the same of
# whole experts. For a team runs become shorter towards the end, so that its members end together. counts and starts
# are multiples of row_multiple(), and so are the runs.
def tasks(counts: List[int], starts: List[int], order: List[int], members: int,
    dtype: int) -> Tuple[List[List[__torch__.records.Run]], List[List[__torch__.records.Run]]]:
  tasks = annotate(List[List[__torch__.records.Run]], [])
  weight_tasks = annotate(List[List[__torch__.records.Run]], [])
  runs = annotate(List[__torch__.records.Run], [])
  whole = annotate(List[__torch__.records.Run], [])
  left = 0
  for i in range(torch.len(counts)):
    left = left + counts[i]
  in_runs = 0
  in_whole = 0
  for i in range(torch.len(order)):
    e = order[i]
    begin = 0
    while begin < counts[e]:
      most = counts[e]
      if members > 1:
        most = max(256, torch.floordiv(left, members))
      rest = counts[e] - begin
      count = torch.floordiv(rest + most - 1, most)
      size = min(rest, __torch__.matrix.whole_grains(torch.floordiv(rest + count - 1, count), dtype))
      runs.append(__torch__.records.Run(e, starts[e] + begin, size))
      begin = begin + size
      left = left - size
      in_runs = in_runs + size
      if in_runs >= 256:
        tasks.append(runs)
        runs = annotate(List[__torch__.records.Run], [])
        in_runs = 0
    whole.append(__torch__.records.Run(e, starts[e], counts[e]))
    in_whole = in_whole + counts[e]
    if in_whole >= 256:
      weight_tasks.append(whole)
      whole = annotate(List[__torch__.records.Run], [])
      in_whole = 0
  if in_runs > 0:
    tasks.append(runs)
  if torch.len(whole) > 0:
    weight_tasks.append(whole)
  return (tasks, weight_tasks)


# Routes a member's tokens and writes them to the shared buffers. Returns what the backward pass needs, and the shared
# experts' output where there are any.
def route(x_TD: Tensor, buffers: __torch__.records.Buffers, start: int, layer: __torch__.parameters.Layer, k: int,
    call: __torch__.calls.Call, train: bool) -> Tuple[__torch__.records.RoutedSaved, Optional[Tensor]]:
  tokens = torch.size(x_TD, 0)
  r_T1 = __torch__.norm.inverse_rms(x_TD, call.norm_epsilon)
  normed_TD = torch.narrow(buffers.normed_TD, 0, start, tokens)
  if call.dtype == 6:
    n_TD = __torch__.norm.apply_into(x_TD, r_T1, layer.post_attention_norm_D, normed_TD)
  else:
    n_TD = __torch__.norm.apply(x_TD, r_T1, layer.post_attention_norm_D)
    _0 = torch.copy_(normed_TD, n_TD)
  routing = __torch__.router.route(n_TD, layer, k, call)
  _1 = torch.copy_(torch.narrow(buffers.index_TK, 0, start, tokens), routing.index_TK)
  _2 = torch.copy_(torch.narrow(buffers.weight_TK, 0, start, tokens), routing.weight_TK)
  shared_TD = annotate(Optional[Tensor], None)
  shared_saved = annotate(Optional[__torch__.records.SharedSaved], None)
  if torch.numel(layer.shared_gate_up_EFD) > 0:
    out_TD, out_saved = __torch__.experts.shared(n_TD, normed_TD, layer, call, train)
    shared_TD = annotate(Optional[Tensor], out_TD)
    shared_saved = annotate(Optional[__torch__.records.SharedSaved], out_saved)
  return (__torch__.records.RoutedSaved(x_TD, r_T1, n_TD, routing, shared_saved), shared_TD)


# Once all members have routed.
def plan_dispatch(buffers: __torch__.records.Buffers, layer: __torch__.parameters.Layer,
    members: int) -> __torch__.records.DispatchPlan:
  index_TK = buffers.index_TK
  room = torch.size(buffers.expert_RD, 0)
  device = ops.prim.device(index_TK)
  dtype = ops.prim.dtype(buffers.normed_TD)
  experts = torch.size(layer.router_ED, 0)
  counts_E, order, rows_TK = __torch__.experts.dispatch(index_TK, experts)
  multiple = __torch__.experts.row_multiple(torch.numel(index_TK), experts, dtype)
  filled_E = torch.mul_(torch.floor_divide(counts_E + (multiple - 1), multiple), multiple)
  starts_E = torch.cumsum(filled_E, 0) - filled_E
  shift_E = starts_E - (torch.cumsum(counts_E, 0) - counts_E)
  place = torch.index_select(shift_E, 0, torch.flatten(index_TK)) + torch.flatten(rows_TK)
  no_weight_R = torch.zeros([room], dtype=6, device=device)
  weight_R = torch.scatter(no_weight_R, 0, place, torch.flatten(buffers.weight_TK))
  choice = torch.arange(0, torch.numel(index_TK), 1, dtype=4, device=device)
  no_token_R = torch.zeros([room], dtype=4, device=device)
  token_R = torch.scatter(no_token_R, 0, place, torch.floor_divide(choice, torch.size(index_TK, 1)))
  counts = torch.cpu(filled_E)
  falling = annotate(List[int], torch.argsort(torch.neg(counts), stable=True).tolist())
  tasks, weight_tasks = __torch__.experts.tasks(annotate(List[int], counts.tolist()),
      annotate(List[int], torch.cpu(starts_E).tolist()), falling, members, dtype)
  return __torch__.records.DispatchPlan(torch.view_as(place, index_TK), token_R, weight_R, tasks, weight_tasks)


# A task of the mixture.
def expert_forward(plan: __torch__.records.DispatchPlan, buffers: __torch__.records.Buffers,
    layer: __torch__.parameters.Layer, call: __torch__.calls.Call, task: int) -> None:
  dtype = call.dtype
  runs = plan.tasks[task]
  for i in range(torch.len(runs)):
    run = runs[i]
    e = run.expert
    gate_up_FD = torch.to(torch.select(layer.gate_up_EFD, 0, e), dtype)
    down_DF = torch.to(torch.select(layer.down_EDF, 0, e), dtype)
    gate_up_bias_F = __torch__.experts.part(layer.gate_up_bias_EF, e, dtype)
    down_bias_D = __torch__.experts.part(layer.down_bias_ED, e, dtype)
    token_R = torch.narrow(plan.token_R, 0, run.start, run.rows)
    h_RF = torch.narrow(buffers.h_RF, 0, run.start, run.rows)
    d_activation_RF = torch.narrow(buffers.d_activation_RF, 0, run.start, run.rows)
    y_RD = torch.narrow(buffers.expert_RD, 0, run.start, run.rows)
    _0 = __torch__.experts.expert(buffers.normed_TD, token_R, gate_up_FD, down_DF, gate_up_bias_F, down_bias_D,
        h_RF, d_activation_RF, y_RD, call)
  return None


# The residual stream after the mixture, once all experts are done.
def combine(saved: __torch__.records.RoutedSaved, plan: __torch__.records.DispatchPlan,
    buffers: __torch__.records.Buffers, start: int, shared_TD: Optional[Tensor], call: __torch__.calls.Call) -> Tensor:
  place_TK = torch.narrow(plan.place_TK, 0, start, torch.size(saved.x_TD, 0))
  weight_TK = annotate(Optional[Tensor], saved.routing.weight_TK)
  y_TD = __torch__.experts.gather(buffers.expert_RD, place_TK, weight_TK)
  if shared_TD is not None:
    y_TD = torch.add_(y_TD, shared_TD)
  if call.residual_multiplier != 1.:
    y_TD = torch.mul_(y_TD, call.residual_multiplier)
  return torch.add_(y_TD, saved.x_TD)


# Backward, the other way round. First the gradient of the residual stream after the mixture goes to all members.
def combine_backward(dy_TD: Tensor, grad_buffers: __torch__.records.GradBuffers, start: int,
    call: __torch__.calls.Call) -> Tensor:
  d_sum_TD = torch.narrow(grad_buffers.sum_TD, 0, start, torch.size(dy_TD, 0))
  if call.residual_multiplier == 1.:
    return torch.copy_(d_sum_TD, dy_TD)
  return torch.mul(dy_TD, call.residual_multiplier, out=d_sum_TD)


# A task of the mixture's way back: overwrites outputs with the gradients of inputs, d_activation with those of gate-up
# rows, and d_expert with those of the outputs.
def expert_backward(plan: __torch__.records.DispatchPlan, buffers: __torch__.records.Buffers,
    grad_buffers: __torch__.records.GradBuffers, d_expert_RD: Tensor, layer: __torch__.parameters.Layer,
    call: __torch__.calls.Call, task: int) -> None:
  dtype = call.dtype
  runs = plan.tasks[task]
  for i in range(torch.len(runs)):
    run = runs[i]
    y_RD = torch.narrow(buffers.expert_RD, 0, run.start, run.rows)
    dy_RD = torch.narrow(d_expert_RD, 0, run.start, run.rows)
    weight_R1 = torch.unsqueeze(torch.narrow(plan.weight_R, 0, run.start, run.rows), 1)
    token_R = torch.narrow(plan.token_R, 0, run.start, run.rows)
    d_weight_R = torch.narrow(grad_buffers.weight_R, 0, run.start, run.rows)
    if dtype == 6:
      _0 = torch.index_select(grad_buffers.sum_TD, 0, token_R, out=dy_RD)
    else:
      _0 = torch.copy_(dy_RD, torch.index_select(grad_buffers.sum_TD, 0, token_R))
    _1 = torch.sum(torch.mul_(y_RD, dy_RD), [1], dtype=6, out=d_weight_R)
    _2 = torch.mul_(dy_RD, weight_R1)
    d_activation_RF = torch.narrow(buffers.d_activation_RF, 0, run.start, run.rows)
    gate_up_FD = torch.to(torch.select(layer.gate_up_EFD, 0, run.expert), dtype)
    down_DF = torch.to(torch.select(layer.down_EDF, 0, run.expert), dtype)
    _3 = __torch__.experts.rows_backward(dy_RD, d_activation_RF, gate_up_FD, down_DF, y_RD)
  return None


# The gradients of some experts' weights, those of down in even tasks, those of gate-up in odd ones.
def expert_weight_grads(plan: __torch__.records.DispatchPlan, buffers: __torch__.records.Buffers, d_expert_RD: Tensor,
    grads: __torch__.parameters.Layer, task: int, overwrite: bool) -> None:
  runs = plan.weight_tasks[torch.floordiv(task, 2)]
  down = torch.remainder(task, 2) == 0
  for i in range(torch.len(runs)):
    run = runs[i]
    if down:
      _0 = __torch__.experts.down_grad(run, buffers, d_expert_RD, grads, overwrite)
    else:
      _0 = __torch__.experts.gate_up_grad(run, plan, buffers, grads, overwrite)
  return None


# The gradients of one expert's down projection and of its bias.
def down_grad(run: __torch__.records.Run, buffers: __torch__.records.Buffers, d_expert_RD: Tensor,
    grads: __torch__.parameters.Layer, overwrite: bool) -> None:
  dy_RD = torch.narrow(d_expert_RD, 0, run.start, run.rows)
  h_RF = torch.narrow(buffers.h_RF, 0, run.start, run.rows)
  grad_DF = torch.select(grads.down_EDF, 0, run.expert)
  _0 = __torch__.matrix.accumulate(grad_DF, torch.t(dy_RD), h_RF, overwrite)
  bias_grad_D = __torch__.experts.part(grads.down_bias_ED, run.expert, 6)
  if bias_grad_D is not None:
    _1 = torch.add_(bias_grad_D, torch.sum(dy_RD, [0], dtype=6))
  return None


# The gradients of one expert's gate and up projections and of their bias.
def gate_up_grad(run: __torch__.records.Run, plan: __torch__.records.DispatchPlan, buffers: __torch__.records.Buffers,
    grads: __torch__.parameters.Layer, overwrite: bool) -> None:
  d_gate_up_RF = torch.narrow(buffers.d_activation_RF, 0, run.start, run.rows)
  input_RD = torch.index_select(buffers.normed_TD, 0, torch.narrow(plan.token_R, 0, run.start, run.rows))
  grad_FD = torch.select(grads.gate_up_EFD, 0, run.expert)
  _0 = __torch__.matrix.accumulate(grad_FD, torch.t(d_gate_up_RF), input_RD, overwrite)
  bias_grad_F = __torch__.experts.part(grads.gate_up_bias_EF, run.expert, 6)
  if bias_grad_F is not None:
    _1 = torch.add_(bias_grad_F, torch.sum(d_gate_up_RF, [0], dtype=6))
  return None


# Takes the gradient of the residual stream after the mixture, returns that before it; balance_E as in router.backward.
def route_backward(dy_TD: Tensor, saved: __torch__.records.RoutedSaved, plan: __torch__.records.DispatchPlan,
    buffers: __torch__.records.Buffers, grad_buffers: __torch__.records.GradBuffers, start: int,
    layer: __torch__.parameters.Layer, grads: __torch__.parameters.Layer, call: __torch__.calls.Call,
    balance_E: Tensor, deferred: __torch__.records.Deferred) -> Tensor:
  n_TD = saved.n_TD
  tokens = torch.size(saved.x_TD, 0)
  place_TK = torch.narrow(plan.place_TK, 0, start, tokens)
  d_weight = torch.index_select(grad_buffers.weight_R, 0, torch.flatten(place_TK))
  d_weight_TK = torch.view_as(d_weight, saved.routing.weight_TK)
  d_logits_TE = __torch__.router.backward(d_weight_TK, saved.routing, balance_E, call)
  _0 = __torch__.matrix.accumulate(grads.router_ED, torch.t(d_logits_TE), n_TD, call.overwrite)
  if torch.numel(grads.router_bias_E) > 0:
    _1 = torch.add_(grads.router_bias_E, torch.sum(d_logits_TE, [0]))
  d_sum_TD = __torch__.experts.gather(buffers.expert_RD, place_TK, annotate(Optional[Tensor], None))
  dn_TD = torch.addmm_(d_sum_TD, d_logits_TE, layer.router_ED)
  shared = saved.shared
  if shared is not None:
    d_TD = dy_TD
    if call.residual_multiplier != 1.:
      d_TD = dy_TD * call.residual_multiplier
    normed_TD = torch.narrow(buffers.normed_TD, 0, start, tokens)
    d_shared_TD = __torch__.experts.shared_backward(d_TD, n_TD, normed_TD, shared, layer, grads, call, deferred)
    dn_TD = torch.add_(dn_TD, d_shared_TD)
  return __torch__.norm.backward_residual(
      dn_TD, saved.x_TD, saved.r_T1, layer.post_attention_norm_D, grads.post_attention_norm_D, dy_TD)


# The whole half of a layer for one member alone; with the routing where it is a mixture.
def forward(x_TD: Tensor, layer: __torch__.parameters.Layer, k: int,
    call: __torch__.calls.Call) -> Tuple[Tensor, Optional[__torch__.records.Routing]]:
  if k == 0:
    y_TD, _0 = __torch__.experts.dense_half(x_TD, layer, call, False)
    return (y_TD, annotate(Optional[__torch__.records.Routing], None))
  buffers = __torch__.experts.buffers(torch.size(x_TD, 0), k, layer, call, False)
  saved, shared_TD = __torch__.experts.route(x_TD, buffers, 0, layer, k, call, False)
  plan = __torch__.experts.plan_dispatch(buffers, layer, 1)
  for task in range(torch.len(plan.tasks)):
    _1 = __torch__.experts.expert_forward(plan, buffers, layer, call, task)
  y_TD = __torch__.experts.combine(saved, plan, buffers, 0, shared_TD, call)
  return (y_TD, annotate(Optional[__torch__.records.Routing], saved.routing))


# The half of a dense layer: the residual stream after it, and what backward needs.
def dense_half(x_TD: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call,
    train: bool) -> Tuple[Tensor, __torch__.records.DenseSaved]:
  r_T1 = __torch__.norm.inverse_rms(x_TD, call.norm_epsilon)
  n_TD = __torch__.norm.apply(x_TD, r_T1, layer.post_attention_norm_D)
  out_TD, h_TF, d_activation_TF = __torch__.experts.dense(
      torch.to(n_TD, call.dtype), layer.gate_up_EFD, layer.down_EDF, call, train)
  y_TD = torch.to(out_TD, 6)
  if call.residual_multiplier != 1.:
    y_TD = torch.mul_(y_TD, call.residual_multiplier)
  return (torch.add_(y_TD, x_TD), __torch__.records.DenseSaved(x_TD, r_T1, n_TD, h_TF, d_activation_TF))


# Takes the gradient of the residual stream after it, returns that before it.
def dense_half_backward(dy_TD: Tensor, saved: __torch__.records.DenseSaved, layer: __torch__.parameters.Layer,
    grads: __torch__.parameters.Layer, call: __torch__.calls.Call, deferred: __torch__.records.Deferred) -> Tensor:
  d_TD = dy_TD
  if call.residual_multiplier != 1.:
    d_TD = dy_TD * call.residual_multiplier
  d_normed_TD = __torch__.experts.dense_backward(torch.to(d_TD, call.dtype), torch.to(saved.n_TD, call.dtype),
      saved.h_TF, saved.d_activation_TF, layer.gate_up_EFD, layer.down_EDF, grads.gate_up_EFD, grads.down_EDF,
      call.overwrite, deferred)
  dn_TD = torch.to(d_normed_TD, 6)
  return __torch__.norm.backward_residual(
      dn_TD, saved.x_TD, saved.r_T1, layer.post_attention_norm_D, grads.post_attention_norm_D, dy_TD)
