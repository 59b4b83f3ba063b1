# Queries, keys and values of multi-head latent attention, and the backward pass of their making.
# A latent row L holds the queries' rank, that of keys and values, and one rotary part of keys that all heads share.
# A head is plain_width and then rotary_width wide. Without a queries' rank, queries come straight from D.


# Normed rows n to queries [T, H, N], keys [T, H, N] and values [T, H, M], written into the given ones.
def project(n_TD: Tensor, r_T1: Tensor, query_THN: Tensor, key_THN: Tensor, value_THM: Tensor,
    layer: __torch__.parameters.Layer, call: __torch__.calls.Call, cos_T1R: Tensor,
    sin_T1R: Tensor) -> __torch__.records.ProjectionSaved:
  plain = call.plain_width
  rotary = call.rotary_width
  values = call.value_width
  dtype = call.dtype
  tokens = torch.size(n_TD, 0)
  down_TL = torch.to(__torch__.matrix.linear(n_TD, layer.down_projections_LD, layer.input_bias_A, dtype), 6)
  low_kv_TL = torch.narrow(down_TL, 1, call.query_rank, call.key_value_rank)
  kv_r_T1 = __torch__.norm.inverse_rms(low_kv_TL, call.latent_epsilon)
  kv_TL = torch.to(__torch__.norm.apply(low_kv_TL, kv_r_T1, layer.key_norm_N), dtype)
  query_r_T1 = annotate(Optional[Tensor], None)
  query_TL = annotate(Optional[Tensor], None)
  query_weight = torch.t(torch.to(layer.query_key_value_AD, dtype))
  if call.query_rank > 0:
    low_q_TL = torch.narrow(down_TL, 1, 0, call.query_rank)
    q_r_T1 = __torch__.norm.inverse_rms(low_q_TL, call.latent_epsilon)
    q_TL = torch.to(__torch__.norm.apply(low_q_TL, q_r_T1, layer.query_norm_N), dtype)
    q_TA = __torch__.product.times(q_TL, query_weight)
    query_r_T1 = annotate(Optional[Tensor], q_r_T1)
    query_TL = annotate(Optional[Tensor], q_TL)
  else:
    q_TA = __torch__.product.times(n_TD, query_weight)
  q_THN = torch.to(torch.view(q_TA, [tokens, call.heads, plain + rotary]), 6)
  kv_TA = __torch__.product.times(kv_TL, torch.t(torch.to(layer.key_value_up_AL, dtype)))
  kv_THN = torch.view(kv_TA, [tokens, call.heads, plain + values])
  _0 = torch.copy_(torch.narrow(query_THN, 2, 0, plain), torch.narrow(q_THN, 2, 0, plain))
  to_turn_THR = torch.narrow(q_THN, 2, plain, rotary)
  turned_THR = torch.narrow(query_THN, 2, plain, rotary)
  _1 = __torch__.rotary.turn_into(to_turn_THR, turned_THR, cos_T1R, sin_T1R, call.interleaved)
  shared_T1R = torch.unsqueeze(torch.narrow(down_TL, 1, call.query_rank + call.key_value_rank, rotary), 1)
  key_T1R = torch.empty_like(shared_T1R)
  _2 = __torch__.rotary.turn(shared_T1R, key_T1R, cos_T1R, sin_T1R, 1, call.interleaved)
  _3 = torch.copy_(torch.narrow(key_THN, 2, 0, plain), torch.narrow(kv_THN, 2, 0, plain))
  _4 = torch.copy_(torch.narrow(key_THN, 2, plain, rotary), key_T1R)
  _5 = torch.copy_(value_THM, torch.narrow(kv_THN, 2, plain, values))
  latent = __torch__.records.LatentSaved(down_TL, kv_r_T1, kv_TL, query_r_T1, query_TL)
  none = annotate(Optional[__torch__.records.Normed], None)
  return __torch__.records.ProjectionSaved(r_T1, n_TD, none, none, none,
      annotate(Optional[__torch__.records.LatentSaved], latent))


# Takes the gradients of queries, keys and values; returns that of n. Adds vectors' gradients, defers matrices'.
def project_backward(dq_THN: Tensor, dk_THN: Tensor, dv_THM: Tensor, n_TD: Tensor,
    saved: __torch__.records.LatentSaved, layer: __torch__.parameters.Layer, grads: __torch__.parameters.Layer,
    call: __torch__.calls.Call, cos_T1R: Tensor, sin_T1R: Tensor, overwrite: bool,
    deferred: __torch__.records.Deferred) -> Tensor:
  plain = call.plain_width
  rotary = call.rotary_width
  dtype = call.dtype
  tokens = torch.size(n_TD, 0)
  d_down_TL = torch.empty_like(saved.down_TL)
  _0 = __torch__.latent.key_value_backward(dk_THN, dv_THM, saved, layer, grads, call, d_down_TL, overwrite, deferred)
  d_shared_T1R = torch.sum(torch.to(torch.narrow(dk_THN, 2, plain, rotary), 6), [1], True)
  d_rotary_T1R = torch.unsqueeze(torch.narrow(d_down_TL, 1, call.query_rank + call.key_value_rank, rotary), 1)
  _1 = __torch__.rotary.turn(d_shared_T1R, d_rotary_T1R, cos_T1R, sin_T1R, -1, call.interleaved)
  d_THN = torch.empty([tokens, call.heads, plain + rotary], dtype=6, device=ops.prim.device(n_TD))
  _2 = torch.copy_(torch.narrow(d_THN, 2, 0, plain), torch.narrow(dq_THN, 2, 0, plain))
  turned_THR = torch.narrow(dq_THN, 2, plain, rotary)
  _3 = __torch__.rotary.turn(turned_THR, torch.narrow(d_THN, 2, plain, rotary), cos_T1R, sin_T1R, -1, call.interleaved)
  d_TA = torch.to(torch.view(d_THN, [tokens, call.heads * (plain + rotary)]), dtype)
  direct_TD = annotate(Optional[Tensor], None)
  query_TL = saved.query_TL
  query_r_T1 = saved.query_r_T1
  if query_TL is not None and query_r_T1 is not None:
    _4 = __torch__.matrix.defer(deferred, grads.query_key_value_AD, torch.t(d_TA), query_TL, overwrite)
    d_query_TL = torch.to(__torch__.product.times(d_TA, torch.to(layer.query_key_value_AD, dtype)), 6)
    low_TL = torch.narrow(saved.down_TL, 1, 0, call.query_rank)
    d_low_TL = torch.narrow(d_down_TL, 1, 0, call.query_rank)
    _5 = __torch__.norm.backward_into(d_query_TL, low_TL, query_r_T1, layer.query_norm_N, grads.query_norm_N, d_low_TL)
  else:
    _6 = __torch__.matrix.defer(deferred, grads.query_key_value_AD, torch.t(d_TA), n_TD, overwrite)
    direct_TD = __torch__.product.times(d_TA, torch.to(layer.query_key_value_AD, dtype))
  dn_TD = __torch__.matrix.linear_backward(torch.to(d_down_TL, dtype), n_TD, layer.down_projections_LD,
      grads.down_projections_LD, grads.input_bias_A, dtype, overwrite, deferred)
  if direct_TD is not None:
    dn_TD = torch.add_(dn_TD, direct_TD)
  return dn_TD


# The way of keys and values back to their latents, into those of d_down.
def key_value_backward(dk_THN: Tensor, dv_THM: Tensor, saved: __torch__.records.LatentSaved,
    layer: __torch__.parameters.Layer, grads: __torch__.parameters.Layer, call: __torch__.calls.Call,
    d_down_TL: Tensor, overwrite: bool, deferred: __torch__.records.Deferred) -> None:
  tokens = torch.size(dk_THN, 0)
  d_THN = torch.to(torch.cat([torch.narrow(dk_THN, 2, 0, call.plain_width), dv_THM], 2), call.dtype)
  d_TA = torch.view(d_THN, [tokens, call.heads * (call.plain_width + call.value_width)])
  _0 = __torch__.matrix.defer(deferred, grads.key_value_up_AL, torch.t(d_TA), saved.key_value_TL, overwrite)
  d_kv_TL = torch.to(__torch__.product.times(d_TA, torch.to(layer.key_value_up_AL, call.dtype)), 6)
  low_TL = torch.narrow(saved.down_TL, 1, call.query_rank, call.key_value_rank)
  d_low_TL = torch.narrow(d_down_TL, 1, call.query_rank, call.key_value_rank)
  _1 = __torch__.norm.backward_into(d_kv_TL, low_TL, saved.key_value_r_T1, layer.key_norm_N, grads.key_norm_N,
      d_low_TL)
  return None
