# Final norm, head and cross-entropy in float32, a chunk of tokens at a time. In this file T is a chunk's tokens where
# a function is called with chunks. Some families divide logits by a number. A negative label is ignored.


# Logits in float32, over their divisor.
def scaled(logits_TV: Tensor, divisor: float) -> Tensor:
  y_TV = torch.to(logits_TV, 6)
  if divisor == 1.:
    return y_TV
  return torch.div_(y_TV, divisor)


# Logits of a residual stream after all layers.
def logits(x_TD: Tensor, model: __torch__.parameters.Model, call: __torch__.calls.Call) -> Tensor:
  r_T1 = __torch__.norm.inverse_rms(x_TD, call.norm_epsilon)
  n_TD = torch.to(__torch__.norm.apply(x_TD, r_T1, model.final_norm_D), call.dtype)
  head_DV = torch.t(torch.to(model.head_VD, call.dtype))
  return __torch__.head.scaled(__torch__.product.times(n_TD, head_DV), call.logits_divisor)


# Losses [T] and whether the most likely token is the label [T], both 0 where the label is ignored.
def score(x_TD: Tensor, model: __torch__.parameters.Model, labels_T: Tensor, call: __torch__.calls.Call) -> Tensor:
  tokens = torch.size(x_TD, 0)
  chunk = call.head_chunk
  result = torch.empty([2, tokens], dtype=6, device=ops.prim.device(x_TD))
  for i in range(torch.floordiv(tokens + chunk - 1, chunk)):
    start = i * chunk
    size = min(chunk, tokens - start)
    label_T = torch.narrow(labels_T, 0, start, size)
    keep_T = torch.to(label_T >= 0, 6)
    out_TV = __torch__.head.logits(torch.narrow(x_TD, 0, start, size), model, call)
    picked_T1 = torch.gather(torch.log_softmax(out_TV, -1), 1, torch.unsqueeze(torch.clamp(label_T, 0), 1))
    column = torch.narrow(result, 1, start, size)
    _0 = torch.copy_(torch.select(column, 0, 0), torch.squeeze(picked_T1, 1) * -keep_T)
    _1 = torch.copy_(torch.select(column, 0, 1), torch.argmax(out_TV, -1) == label_T)
  return result


# Log-probabilities at a temperature, from those at 1.
def tempered(x_TV: Tensor, temperature: float) -> Tensor:
  if temperature == 1.:
    return x_TV
  return torch.log_softmax(x_TV / temperature, -1)


# KL(teacher || student) of each token [T], float64, and its gradient with respect to the student's logits over the
# temperature [T, V]. student and teacher are log-probabilities at the temperature; teacher is overwritten.
# Where top > 0, the teacher's distribution is that over its so many likeliest tokens.
def divergence(student_TV: Tensor, teacher_TV: Tensor, top: int) -> Tuple[Tensor, Tensor]:
  if top > 0:
    best_TK, index_TK = torch.topk(teacher_TV, top, -1)
    best_TK = torch.log_softmax(best_TK, -1)
    probability_TK = torch.exp(best_TK)
    own_TK = torch.gather(student_TV, 1, index_TK)
    divergence_T = torch.sum(probability_TK * (best_TK - own_TK), [1], dtype=7)
    d_TV = torch.scatter_add_(torch.exp(student_TV), 1, index_TK, -probability_TK)
  else:
    probability_TV = torch.exp(teacher_TV)
    divergence_T = torch.sum(torch.mul_(torch.sub_(teacher_TV, student_TV), probability_TV), [1], dtype=7)
    d_TV = torch.sub_(torch.exp(student_TV, out=teacher_TV), probability_TV)
  return (divergence_T, d_TV)


# The teacher's log-probabilities of a chunk, at its temperature.
def distilled(teacher: __torch__.records.Teacher, start: int, size: int) -> Tensor:
  n_TD = torch.narrow(teacher.n_TD, 0, start, size)
  logits_TV = __torch__.head.scaled(__torch__.product.times(n_TD, torch.t(teacher.head_VD)), teacher.logits_divisor)
  return __torch__.head.tempered(torch.log_softmax(logits_TV, -1), teacher.temperature)


# The sums of losses and of divergences from the teacher, and the gradient of loss_scale * (the sum of losses + weight *
# temperature^2 * that of divergences) with respect to x; adds weight gradients to grads.
def loss(x_TD: Tensor, model: __torch__.parameters.Model, grads: __torch__.parameters.Model, labels_T: Tensor,
    teacher: Optional[__torch__.records.Teacher], call: __torch__.calls.Call) -> Tuple[Tensor, Tensor, Tensor]:
  tokens = torch.size(x_TD, 0)
  chunk = call.head_chunk
  r_T1 = __torch__.norm.inverse_rms(x_TD, call.norm_epsilon)
  n_TD = torch.to(__torch__.norm.apply(x_TD, r_T1, model.final_norm_D), call.dtype)
  head_VD = torch.to(model.head_VD, call.dtype)
  dn_TD = torch.empty_like(n_TD)
  total = torch.zeros([1], dtype=7, device=ops.prim.device(x_TD))
  divergences = torch.zeros([1], dtype=7, device=ops.prim.device(x_TD))
  for i in range(torch.floordiv(tokens + chunk - 1, chunk)):
    start = i * chunk
    size = min(chunk, tokens - start)
    chunk_TD = torch.narrow(n_TD, 0, start, size)
    label_T = torch.narrow(labels_T, 0, start, size)
    keep_T1 = torch.unsqueeze(torch.to(label_T >= 0, 6), 1)
    label_T1 = torch.unsqueeze(torch.clamp(label_T, 0), 1)
    logits_TV = __torch__.head.scaled(__torch__.product.times(chunk_TD, torch.t(head_VD)), call.logits_divisor)
    d_TV = torch.log_softmax(logits_TV, -1)
    _0 = torch.sub_(total, torch.sum(torch.gather(d_TV, 1, label_T1) * keep_T1, dtype=7))
    if teacher is not None:
      teacher_TV = __torch__.head.distilled(teacher, start, size)
      student_TV = __torch__.head.tempered(d_TV, teacher.temperature)
      divergence_T, towards_TV = __torch__.head.divergence(student_TV, teacher_TV, teacher.top)
      _1 = torch.add_(divergences, torch.sum(divergence_T * torch.squeeze(keep_T1, 1)))
      d_TV = torch.scatter_add_(torch.exp_(d_TV), 1, label_T1, -keep_T1)
      d_TV = torch.add_(d_TV, towards_TV, alpha=teacher.temperature * teacher.weight)
    else:
      d_TV = torch.scatter_add_(torch.exp_(d_TV), 1, label_T1, -keep_T1)
    d_TV = torch.to(torch.mul_(d_TV, keep_T1 * (call.loss_scale / call.logits_divisor)), call.dtype)
    overwrite = call.overwrite
    if i > 0:
      overwrite = False
    _2 = __torch__.matrix.accumulate(grads.head_VD, torch.t(d_TV), chunk_TD, overwrite)
    _3 = __torch__.product.into(d_TV, head_VD, torch.narrow(dn_TD, 0, start, size))
  dx_TD = __torch__.norm.backward(torch.to(dn_TD, 6), x_TD, r_T1, model.final_norm_D, grads.final_norm_D)
  return (total, divergences, dx_TD)
