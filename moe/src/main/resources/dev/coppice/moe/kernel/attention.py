# Causal attention over segments of tokens, with its backward pass, and the layer's half that it makes.
# A segment is a run of tokens that see one another and no others; an empty list means one a sequence.
# A window w > 0 lets a token see itself and the w - 1 before it. Sinks [H] take a share of each head's
# probability and give nothing.


# Additive mask [S, S]: 0 where a query may see a key, minus infinity elsewhere.
def mask(length: int, window: int, dtype: int, like: Tensor) -> Tensor:
  device = ops.prim.device(like)
  position = torch.arange(0, length, 1, dtype=4, device=device)
  distance = torch.sub(torch.unsqueeze(position, 1), torch.unsqueeze(position, 0))
  hidden = torch.__or__(torch.lt(distance, 0), torch.ge(distance, window))
  zeros = torch.zeros([length, length], dtype=dtype, device=device)
  return torch.masked_fill_(zeros, hidden, -float("inf"))


# [S, heads, N] as one sequence, or [B*S, heads, N] as B of them, to [B, times*heads, S, N].
def heads_first(x: Tensor, batch: int, times: int) -> Tensor:
  y = torch.transpose(torch.unflatten(x, 0, [batch, -1]), 1, 2)
  if times == 1:
    return y
  return torch.repeat_interleave(y, times, 1)


# The other way; heads that were repeated are summed.
def tokens_first(x: Tensor, times: int) -> Tensor:
  y = x
  if times > 1:
    y = torch.sum(torch.unflatten(x, 1, [-1, times]), [2])
  return torch.flatten(torch.transpose(y, 1, 2), 0, 1)


# Values padded with zeros to the width of queries and keys, which the operator wants alike.
def widened(value: Tensor, width: int) -> Tensor:
  missing = width - torch.size(value, -1)
  if missing == 0:
    return value
  return torch.constant_pad_nd(value, [0, missing])


# Attention of one batch of equal segments: [S*batch, heads, ...] to [S*batch, H, M].
def attend(query_THN: Tensor, key_TGN: Tensor, value_TGM: Tensor, sinks_H: Tensor, batch: int, window: int,
    scale: float) -> Tuple[Tensor, __torch__.records.AttendSaved]:
  times = torch.floordiv(torch.size(query_THN, 1), torch.size(key_TGN, 1))
  q = __torch__.attention.heads_first(query_THN, batch, 1)
  k = __torch__.attention.heads_first(key_TGN, batch, times)
  v = __torch__.attention.widened(__torch__.attention.heads_first(value_TGM, batch, times), torch.size(query_THN, 2))
  length = torch.size(q, 2)
  if window > 0 and window < length:
    seen = __torch__.attention.mask(length, window, ops.prim.dtype(q), q)
    out, lse = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., False, attn_mask=seen, scale=scale)
  else:
    out, lse = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., True, scale=scale)
  if torch.numel(sinks_H) > 0:
    all = torch.logaddexp(lse, torch.view(sinks_H, [1, -1, 1]))
    share = torch.exp(torch.sub(lse, all))
    out = torch.mul(out, torch.to(torch.unsqueeze(share, 3), ops.prim.dtype(out)))
    lse = all
  out_THM = torch.narrow(__torch__.attention.tokens_first(out, 1), 2, 0, torch.size(value_TGM, 2))
  return (out_THM, __torch__.records.AttendSaved(q, k, v, out, lse))


# The gradient of the output [S*batch, H, M] to those of query, key and value; adds that of the sinks. With sinks, out
# and lse are those of the whole softmax: the operator then finds the probabilities of all keys right.
def attend_backward(d_out_THM: Tensor, saved: __torch__.records.AttendSaved, sinks_H: Tensor, sinks_grad_H: Tensor,
    groups: int, batch: int, window: int, scale: float) -> Tuple[Tensor, Tensor, Tensor]:
  q = saved.query_BHSN
  k = saved.key_BHSN
  v = saved.value_BHSN
  out = saved.out_BHSN
  lse = saved.lse_BHS
  width = torch.size(d_out_THM, 2)
  d = __torch__.attention.widened(__torch__.attention.heads_first(d_out_THM, batch, 1), torch.size(q, 3))
  length = torch.size(q, 2)
  if window > 0 and window < length:
    seen = __torch__.attention.mask(length, window, ops.prim.dtype(q), q)
    dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(
        d, q, k, v, out, lse, 0., False, attn_mask=seen, scale=scale)
  else:
    dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(
        d, q, k, v, out, lse, 0., True, scale=scale)
  if torch.numel(sinks_H) > 0:
    share = torch.exp(torch.sub(torch.view(sinks_H, [1, -1, 1]), lse))
    delta = torch.sum(torch.to(d, 6) * torch.to(out, 6), [-1])
    _0 = torch.sub_(sinks_grad_H, torch.sum(share * delta, [0, 2]))
  times = torch.floordiv(torch.size(q, 1), groups)
  dv = torch.narrow(__torch__.attention.tokens_first(dv, times), 2, 0, width)
  return (__torch__.attention.tokens_first(dq, 1), __torch__.attention.tokens_first(dk, times), dv)


# Attention of every segment: [T, heads, ...] to [T, H, M], and what each call of the operator keeps.
def core(query_THN: Tensor, key_TGN: Tensor, value_TGM: Tensor, sinks_H: Tensor, call: __torch__.calls.Call,
    window: int) -> Tuple[Tensor, List[__torch__.records.AttendSaved]]:
  scale = call.attention_scale
  if torch.len(call.segments) == 0:
    out, saved = __torch__.attention.attend(query_THN, key_TGN, value_TGM, sinks_H, call.batch, window, scale)
    return (out, [saved])
  outs = annotate(List[Tensor], [])
  calls = annotate(List[__torch__.records.AttendSaved], [])
  start = 0
  for i in range(torch.len(call.segments)):
    size = call.segments[i]
    query = torch.narrow(query_THN, 0, start, size)
    key = torch.narrow(key_TGN, 0, start, size)
    value = torch.narrow(value_TGM, 0, start, size)
    out, saved = __torch__.attention.attend(query, key, value, sinks_H, 1, window, scale)
    outs.append(out)
    calls.append(saved)
    start = start + size
  return (torch.cat(outs), calls)


# The gradient of the output [T, H, M] to those of queries, keys and values; adds that of the sinks.
def core_backward(d_out_THM: Tensor, calls: List[__torch__.records.AttendSaved], sinks_H: Tensor,
    sinks_grad_H: Tensor, call: __torch__.calls.Call, window: int) -> Tuple[Tensor, Tensor, Tensor]:
  groups = __torch__.attention.key_value_heads(call)
  scale = call.attention_scale
  if torch.len(call.segments) == 0:
    return __torch__.attention.attend_backward(
        d_out_THM, calls[0], sinks_H, sinks_grad_H, groups, call.batch, window, scale)
  dqs = annotate(List[Tensor], [])
  dks = annotate(List[Tensor], [])
  dvs = annotate(List[Tensor], [])
  start = 0
  for i in range(torch.len(call.segments)):
    size = call.segments[i]
    d_out = torch.narrow(d_out_THM, 0, start, size)
    dq, dk, dv = __torch__.attention.attend_backward(d_out, calls[i], sinks_H, sinks_grad_H, groups, 1, window, scale)
    dqs.append(dq)
    dks.append(dk)
    dvs.append(dv)
    start = start + size
  return (torch.cat(dqs), torch.cat(dks), torch.cat(dvs))


# Heads of keys and values, G.
def key_value_heads(call: __torch__.calls.Call) -> int:
  if call.latent:
    return call.heads
  return call.key_value_heads


# Width of a query's and a key's head, N.
def key_width(call: __torch__.calls.Call) -> int:
  if call.latent:
    return call.plain_width + call.rotary_width
  return call.head_width


# Width of a value's head, M.
def value_width(call: __torch__.calls.Call) -> int:
  if call.latent:
    return call.value_width
  return call.head_width


# x [T, D] normed, then made queries [T, H, N], keys [T, G, N] and values [T, G, M]; and what backward needs of each
# block of rows. Heads lie apart in memory: rotary positions and attention then run along whole sequences.
def project(x_TD: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call, cos_T1R: Tensor,
    sin_T1R: Tensor) -> Tuple[Tensor, Tensor, Tensor, List[__torch__.records.ProjectionSaved]]:
  dtype = call.dtype
  tokens = torch.size(x_TD, 0)
  device = ops.prim.device(x_TD)
  groups = __torch__.attention.key_value_heads(call)
  heads = call.heads
  both_HTN = torch.empty([heads + groups, tokens, __torch__.attention.key_width(call)], dtype=dtype, device=device)
  value_GTM = torch.empty([groups, tokens, __torch__.attention.value_width(call)], dtype=dtype, device=device)
  both_THN = torch.transpose(both_HTN, 0, 1)
  query_THN = torch.narrow(both_THN, 1, 0, heads)
  key_TGN = torch.narrow(both_THN, 1, heads, groups)
  value_TGM = torch.transpose(value_GTM, 0, 1)
  blocks = annotate(List[__torch__.records.ProjectionSaved], [])
  step = __torch__.matrix.product_rows(tokens, dtype)
  for i in range(torch.floordiv(tokens + step - 1, step)):
    start = i * step
    size = min(step, tokens - start)
    rows_TD = torch.narrow(x_TD, 0, start, size)
    r_T1 = __torch__.norm.inverse_rms(rows_TD, call.norm_epsilon)
    n_TD = torch.to(__torch__.norm.apply(rows_TD, r_T1, layer.input_norm_D), dtype)
    query = torch.narrow(query_THN, 0, start, size)
    key = torch.narrow(key_TGN, 0, start, size)
    value = torch.narrow(value_TGM, 0, start, size)
    cos = torch.narrow(cos_T1R, 0, start, size)
    sin = torch.narrow(sin_T1R, 0, start, size)
    if call.latent:
      blocks.append(__torch__.latent.project(n_TD, r_T1, query, key, value, layer, call, cos, sin))
    else:
      blocks.append(__torch__.grouped.project(n_TD, r_T1, query, key, value, layer, call, cos, sin))
  return (query_THN, key_TGN, value_TGM, blocks)


# Takes the gradients of queries, keys and values, and that of the residual stream after attention; returns that before
# it.
def project_backward(dq_THN: Tensor, dk_TGN: Tensor, dv_TGM: Tensor, dy_TD: Tensor,
    saved: __torch__.records.AttentionSaved, layer: __torch__.parameters.Layer, grads: __torch__.parameters.Layer,
    call: __torch__.calls.Call, cos_T1R: Tensor, sin_T1R: Tensor, deferred: __torch__.records.Deferred) -> Tensor:
  tokens = torch.size(saved.x_TD, 0)
  step = __torch__.matrix.product_rows(tokens, call.dtype)
  dx_TD = torch.empty_like(saved.x_TD)
  for i in range(torch.len(saved.blocks)):
    block = saved.blocks[i]
    start = i * step
    size = min(step, tokens - start)
    overwrite = call.overwrite
    if i > 0:
      overwrite = False
    dq = torch.narrow(dq_THN, 0, start, size)
    dk = torch.narrow(dk_TGN, 0, start, size)
    dv = torch.narrow(dv_TGM, 0, start, size)
    cos = torch.narrow(cos_T1R, 0, start, size)
    sin = torch.narrow(sin_T1R, 0, start, size)
    latent = block.latent
    if latent is not None:
      dn_TD = __torch__.latent.project_backward(
          dq, dk, dv, block.n_TD, latent, layer, grads, call, cos, sin, overwrite, deferred)
    else:
      dn_TD = __torch__.grouped.project_backward(
          dq, dk, dv, block, layer, grads, call, cos, sin, overwrite, deferred)
    x = torch.narrow(saved.x_TD, 0, start, size)
    dy = torch.narrow(dy_TD, 0, start, size)
    dx = torch.narrow(dx_TD, 0, start, size)
    _0 = __torch__.norm.backward_residual_into(
        torch.to(dn_TD, 6), x, block.r_T1, layer.input_norm_D, grads.input_norm_D, dy, dx)
  return dx_TD


# What attention adds to the residual stream: heads' outputs [T, H*M] to [T, D].
def output(out_TA: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call) -> Tensor:
  out_TD = torch.to(__torch__.matrix.linear(out_TA, layer.output_DA, layer.output_bias_D, call.dtype), 6)
  if call.residual_multiplier == 1.:
    return out_TD
  return torch.mul_(out_TD, call.residual_multiplier)


# Returns the residual stream after attention, and what the backward pass needs.
def forward(x_TD: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call, window: int, cos_T1R: Tensor,
    sin_T1R: Tensor) -> Tuple[Tensor, __torch__.records.AttentionSaved]:
  query_THN, key_TGN, value_TGM, blocks = __torch__.attention.project(x_TD, layer, call, cos_T1R, sin_T1R)
  out_THM, calls = __torch__.attention.core(query_THN, key_TGN, value_TGM, layer.sinks_H, call, window)
  out_TA = torch.flatten(out_THM, 1)
  y_TD = torch.add_(__torch__.attention.output(out_TA, layer, call), x_TD)
  return (y_TD, __torch__.records.AttentionSaved(x_TD, out_TA, blocks, calls))


# Takes the gradient of the residual stream after attention, returns that before it; adds vectors' gradients, defers
# matrices'.
def backward(dy_TD: Tensor, saved: __torch__.records.AttentionSaved, layer: __torch__.parameters.Layer,
    grads: __torch__.parameters.Layer, call: __torch__.calls.Call, window: int, cos_T1R: Tensor, sin_T1R: Tensor,
    deferred: __torch__.records.Deferred) -> Tensor:
  scaled_TD = dy_TD
  if call.residual_multiplier != 1.:
    scaled_TD = dy_TD * call.residual_multiplier
  d_out_TA = __torch__.matrix.linear_backward(torch.to(scaled_TD, call.dtype), saved.out_TA, layer.output_DA,
      grads.output_DA, grads.output_bias_D, call.dtype, call.overwrite, deferred)
  d_out_THM = torch.view(d_out_TA, [torch.size(d_out_TA, 0), call.heads, -1])
  dq_THN, dk_TGN, dv_TGM = __torch__.attention.core_backward(
      d_out_THM, saved.calls, layer.sinks_H, grads.sinks_H, call, window)
  return __torch__.attention.project_backward(
      dq_THN, dk_TGN, dv_TGM, dy_TD, saved, layer, grads, call, cos_T1R, sin_T1R, deferred)
