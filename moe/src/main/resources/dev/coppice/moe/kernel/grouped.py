# Queries, keys and values of grouped-query attention, and the backward pass of their making.
# Head norms: 0 none, 1 one for each head [N], 2 one over all heads together, queries [H*N] and keys [G*N].


# One weight for each head of queries and keys [H+G, N].
def joint_norm(layer: __torch__.parameters.Layer, call: __torch__.calls.Call) -> Tensor:
  query_HN = torch.expand(torch.unsqueeze(layer.query_norm_N, 0), [call.heads, -1])
  key_GN = torch.expand(torch.unsqueeze(layer.key_norm_N, 0), [call.key_value_heads, -1])
  return torch.cat([query_HN, key_GN])


# Normed rows n to queries [T, H, N], keys [T, G, N] and values [T, G, N], written into the given ones.
def project(n_TD: Tensor, r_T1: Tensor, query_THN: Tensor, key_TGN: Tensor, value_TGN: Tensor,
    layer: __torch__.parameters.Layer, call: __torch__.calls.Call, cos_T1R: Tensor,
    sin_T1R: Tensor) -> __torch__.records.ProjectionSaved:
  heads = call.heads
  groups = call.key_value_heads
  width = call.head_width
  tokens = torch.size(n_TD, 0)
  all_TA = __torch__.matrix.linear(n_TD, layer.query_key_value_AD, layer.input_bias_A, call.dtype)
  all_THN = torch.view(all_TA, [tokens, heads + 2 * groups, width])
  _0 = torch.copy_(value_TGN, torch.narrow(all_THN, 1, heads + groups, groups))
  plain_THN = torch.to(torch.narrow(all_THN, 1, 0, heads + groups), 6)
  joint = annotate(Optional[__torch__.records.Normed], None)
  query = annotate(Optional[__torch__.records.Normed], None)
  key = annotate(Optional[__torch__.records.Normed], None)
  ready_THN = plain_THN
  if call.head_norm == 1:
    r = __torch__.norm.inverse_rms(plain_THN, call.norm_epsilon)
    ready_THN = __torch__.norm.apply(plain_THN, r, __torch__.grouped.joint_norm(layer, call))
    joint = annotate(Optional[__torch__.records.Normed], __torch__.records.Normed(plain_THN, r))
  if call.head_norm == 2:
    q_TA = torch.to(torch.narrow(all_TA, 1, 0, heads * width), 6)
    k_TA = torch.to(torch.narrow(all_TA, 1, heads * width, groups * width), 6)
    q_r_T1 = __torch__.norm.inverse_rms(q_TA, call.norm_epsilon)
    k_r_T1 = __torch__.norm.inverse_rms(k_TA, call.norm_epsilon)
    q_n_TA = __torch__.norm.apply(q_TA, q_r_T1, layer.query_norm_N)
    k_n_TA = __torch__.norm.apply(k_TA, k_r_T1, layer.key_norm_N)
    ready_THN = torch.view(torch.cat([q_n_TA, k_n_TA], 1), [tokens, heads + groups, width])
    query = annotate(Optional[__torch__.records.Normed], __torch__.records.Normed(q_TA, q_r_T1))
    key = annotate(Optional[__torch__.records.Normed], __torch__.records.Normed(k_TA, k_r_T1))
  ready_query_THN = torch.narrow(ready_THN, 1, 0, heads)
  ready_key_TGN = torch.narrow(ready_THN, 1, heads, groups)
  _1 = __torch__.rotary.turn_into(ready_query_THN, query_THN, cos_T1R, sin_T1R, call.interleaved)
  _2 = __torch__.rotary.turn_into(ready_key_TGN, key_TGN, cos_T1R, sin_T1R, call.interleaved)
  latent = annotate(Optional[__torch__.records.LatentSaved], None)
  return __torch__.records.ProjectionSaved(r_T1, n_TD, joint, query, key, latent)


# Takes the gradients of queries, keys and values; returns that of n. Adds vectors' gradients, defers matrices'.
def project_backward(dq_THN: Tensor, dk_TGN: Tensor, dv_TGN: Tensor, saved: __torch__.records.ProjectionSaved,
    layer: __torch__.parameters.Layer, grads: __torch__.parameters.Layer, call: __torch__.calls.Call,
    cos_T1R: Tensor, sin_T1R: Tensor, overwrite: bool, deferred: __torch__.records.Deferred) -> Tensor:
  heads = call.heads
  groups = call.key_value_heads
  width = call.head_width
  tokens = torch.size(saved.n_TD, 0)
  device = ops.prim.device(saved.n_TD)
  d_THN = torch.empty([tokens, heads + 2 * groups, width], dtype=6, device=device)
  d_query_THN = torch.narrow(d_THN, 1, 0, heads)
  d_key_TGN = torch.narrow(d_THN, 1, heads, groups)
  _0 = __torch__.rotary.turn(dq_THN, d_query_THN, cos_T1R, sin_T1R, -1, call.interleaved)
  _1 = __torch__.rotary.turn(dk_TGN, d_key_TGN, cos_T1R, sin_T1R, -1, call.interleaved)
  _2 = torch.copy_(torch.narrow(d_THN, 1, heads + groups, groups), dv_TGN)
  d_joint_THN = torch.narrow(d_THN, 1, 0, heads + groups)
  joint = saved.joint
  if joint is not None:
    weight_HN = __torch__.grouped.joint_norm(layer, call)
    grad_HN = torch.zeros_like(weight_HN)
    _3 = __torch__.norm.backward_into(d_joint_THN, joint.x, joint.r, weight_HN, grad_HN, d_joint_THN)
    _4 = torch.add_(grads.query_norm_N, torch.sum(torch.narrow(grad_HN, 0, 0, heads), [0]))
    _5 = torch.add_(grads.key_norm_N, torch.sum(torch.narrow(grad_HN, 0, heads, groups), [0]))
  d_TA = torch.view(d_THN, [tokens, -1])
  query = saved.query
  if query is not None:
    q_TA = torch.narrow(d_TA, 1, 0, heads * width)
    _6 = __torch__.norm.backward_into(q_TA, query.x, query.r, layer.query_norm_N, grads.query_norm_N, q_TA)
  key = saved.key
  if key is not None:
    k_TA = torch.narrow(d_TA, 1, heads * width, groups * width)
    _7 = __torch__.norm.backward_into(k_TA, key.x, key.r, layer.key_norm_N, grads.key_norm_N, k_TA)
  return __torch__.matrix.linear_backward(torch.to(d_TA, call.dtype), saved.n_TD, layer.query_key_value_AD,
      grads.query_key_value_AD, grads.input_bias_A, call.dtype, overwrite, deferred)
