# The decoder's forward pass in operators that all have a recorded gradient, for use inside a DJL block.
# It computes the same as model.logits, without its buffers.


# A norm before its weight.
def unit(x: Tensor, epsilon: float) -> Tensor:
  return x * torch.rsqrt(torch.mean(torch.square(x), [-1], True) + epsilon)


# x @ weight^T, plus a bias where there is one: x [T, I], weight [O, I], bias [O] or [0].
def linear(x: Tensor, weight: Tensor, bias: Tensor, dtype: int) -> Tensor:
  y = torch.matmul(x, torch.t(torch.to(weight, dtype)))
  if torch.numel(bias) == 0:
    return y
  return y + torch.to(bias, dtype)


# Heads with their rotary positions (rotary.py).
def turn(x_THN: Tensor, cos_T1R: Tensor, sin_T1R: Tensor, interleaved: bool) -> Tensor:
  width = 2 * torch.size(cos_T1R, -1)
  low_THR = __torch__.rotary.low(x_THN, width, interleaved)
  high_THR = __torch__.rotary.high(x_THN, width, interleaved)
  rest = torch.narrow(x_THN, -1, width, torch.size(x_THN, -1) - width)
  first_THR = low_THR * cos_T1R - high_THR * sin_T1R
  second_THR = high_THR * cos_T1R + low_THR * sin_T1R
  if interleaved:
    return torch.cat([torch.flatten(torch.stack([first_THR, second_THR], -1), -2), rest], -1)
  return torch.cat([first_THR, second_THR, rest], -1)


# Queries [T, H, N], keys [T, G, N] and values [T, G, N] of grouped-query attention.
def grouped(n_TD: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call, cos_T1R: Tensor,
    sin_T1R: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
  heads = call.heads
  groups = call.key_value_heads
  width = call.head_width
  dtype = call.dtype
  epsilon = call.norm_epsilon
  tokens = torch.size(n_TD, 0)
  all_TA = __torch__.block.linear(n_TD, layer.query_key_value_AD, layer.input_bias_A, dtype)
  q, k, v = torch.split_with_sizes(all_TA, [heads * width, groups * width, groups * width], 1)
  q = torch.to(q, 6)
  k = torch.to(k, 6)
  if call.head_norm == 2:
    q = __torch__.block.unit(q, epsilon) * layer.query_norm_N
    k = __torch__.block.unit(k, epsilon) * layer.key_norm_N
  q_THN = torch.view(q, [tokens, heads, width])
  k_TGN = torch.view(k, [tokens, groups, width])
  if call.head_norm == 1:
    q_THN = __torch__.block.unit(q_THN, epsilon) * layer.query_norm_N
    k_TGN = __torch__.block.unit(k_TGN, epsilon) * layer.key_norm_N
  q_THN = torch.to(__torch__.block.turn(q_THN, cos_T1R, sin_T1R, call.interleaved), dtype)
  k_TGN = torch.to(__torch__.block.turn(k_TGN, cos_T1R, sin_T1R, call.interleaved), dtype)
  return (q_THN, k_TGN, torch.view(v, [tokens, groups, width]))


# Queries [T, H, N], keys [T, H, N] and values [T, H, M] of latent attention.
def latent(n_TD: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call, cos_T1R: Tensor,
    sin_T1R: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
  heads = call.heads
  plain = call.plain_width
  rotary = call.rotary_width
  dtype = call.dtype
  epsilon = call.latent_epsilon
  tokens = torch.size(n_TD, 0)
  down_TL = torch.to(__torch__.block.linear(n_TD, layer.down_projections_LD, layer.input_bias_A, dtype), 6)
  low_q_TL, low_kv_TL, shared_TN = torch.split_with_sizes(down_TL, [call.query_rank, call.key_value_rank, rotary], 1)
  source = n_TD
  if call.query_rank > 0:
    source = torch.to(__torch__.block.unit(low_q_TL, epsilon) * layer.query_norm_N, dtype)
  q_TA = torch.to(torch.matmul(source, torch.t(torch.to(layer.query_key_value_AD, dtype))), 6)
  q_THN = torch.view(q_TA, [tokens, heads, plain + rotary])
  q_plain_THN, q_turned_THN = torch.split_with_sizes(q_THN, [plain, rotary], 2)
  kv_TL = torch.to(__torch__.block.unit(low_kv_TL, epsilon) * layer.key_norm_N, dtype)
  kv_TA = torch.matmul(kv_TL, torch.t(torch.to(layer.key_value_up_AL, dtype)))
  kv_THN = torch.view(kv_TA, [tokens, heads, plain + call.value_width])
  k_plain_THN, v_THM = torch.split_with_sizes(kv_THN, [plain, call.value_width], 2)
  k_T1N = __torch__.block.turn(torch.unsqueeze(shared_TN, 1), cos_T1R, sin_T1R, call.interleaved)
  k_turned_T1N = torch.to(k_T1N, dtype)
  q_turned_THN = __torch__.block.turn(q_turned_THN, cos_T1R, sin_T1R, call.interleaved)
  query_THN = torch.to(torch.cat([q_plain_THN, q_turned_THN], 2), dtype)
  return (query_THN, torch.cat([k_plain_THN, torch.expand(k_turned_T1N, [-1, heads, -1])], 2), v_THM)


# Softmax over every key that a query may see, and the sink; [T, heads, ...] to [T, H, M].
def attend(query_THN: Tensor, key_TGN: Tensor, value_TGM: Tensor, sinks_H: Tensor, batch: int, window: int,
    scale: float) -> Tensor:
  times = torch.floordiv(torch.size(query_THN, 1), torch.size(key_TGN, 1))
  q_BHSN = __torch__.attention.heads_first(query_THN, batch, 1)
  k_BHSN = __torch__.attention.heads_first(key_TGN, batch, times)
  v_BHSM = __torch__.attention.heads_first(value_TGM, batch, times)
  length = torch.size(q_BHSN, 2)
  reach = length
  if window > 0:
    reach = window
  scores_BHSS = torch.to(torch.matmul(q_BHSN, torch.transpose(k_BHSN, 2, 3)), 6) * scale
  scores_BHSS = scores_BHSS + __torch__.attention.mask(length, reach, 6, scores_BHSS)
  if torch.numel(sinks_H) > 0:
    sinks_BHS1 = torch.expand(torch.view(sinks_H, [1, -1, 1, 1]), [batch, -1, length, 1])
    share_BHSS = torch.narrow(torch.softmax(torch.cat([scores_BHSS, sinks_BHS1], 3), -1), 3, 0, length)
  else:
    share_BHSS = torch.softmax(scores_BHSS, -1)
  out_BHSM = torch.matmul(torch.to(share_BHSS, ops.prim.dtype(v_BHSM)), v_BHSM)
  return __torch__.attention.tokens_first(out_BHSM, 1)


# The residual stream after a layer's attention.
def attention(x_TD: Tensor, layer: __torch__.parameters.Layer, call: __torch__.calls.Call, window: int,
    cos_T1R: Tensor, sin_T1R: Tensor) -> Tensor:
  n_TD = torch.to(__torch__.block.unit(x_TD, call.norm_epsilon) * layer.input_norm_D, call.dtype)
  if call.latent:
    query, key, value = __torch__.block.latent(n_TD, layer, call, cos_T1R, sin_T1R)
  else:
    query, key, value = __torch__.block.grouped(n_TD, layer, call, cos_T1R, sin_T1R)
  out_THM = __torch__.block.attend(query, key, value, layer.sinks_H, call.batch, window, call.attention_scale)
  out_TA = torch.flatten(out_THM, 1)
  y_TD = torch.to(__torch__.block.linear(out_TA, layer.output_DA, layer.output_bias_D, call.dtype), 6)
  return x_TD + y_TD * call.residual_multiplier


# The gate's result [R, F] of gate and up rows [R, 2F] (gate.py).
def gate(gate_up_RF: Tensor, call: __torch__.calls.Call) -> Tensor:
  gate_RF, up_RF = torch.split(gate_up_RF, torch.floordiv(torch.size(gate_up_RF, 1), 2), 1)
  if not call.clamped_gate:
    return torch.silu(gate_RF) * up_RF
  limit = call.gate_limit
  gate_RF = torch.clamp(gate_RF, None, limit)
  return gate_RF * torch.sigmoid(gate_RF * call.gate_alpha) * (torch.clamp(up_RF, -limit, limit) + 1.)


# One expert without biases.
def expert(x_RD: Tensor, gate_up_FD: Tensor, down_DF: Tensor, call: __torch__.calls.Call) -> Tensor:
  return torch.mm(__torch__.block.gate(torch.mm(x_RD, torch.t(gate_up_FD)), call), torch.t(down_DF))


# An expert that every token takes, weights [1, ...].
def only_expert(x_TD: Tensor, gate_up_EFD: Tensor, down_EDF: Tensor, call: __torch__.calls.Call) -> Tensor:
  gate_up_FD = torch.to(torch.squeeze(gate_up_EFD, 0), call.dtype)
  down_DF = torch.to(torch.squeeze(down_EDF, 0), call.dtype)
  return torch.to(__torch__.block.expert(x_TD, gate_up_FD, down_DF, call), 6)


# One expert with biases.
def biased_expert(x_RD: Tensor, gate_up_FD: Tensor, down_DF: Tensor, gate_up_bias_F: Tensor, down_bias_D: Tensor,
    call: __torch__.calls.Call) -> Tensor:
  dtype = ops.prim.dtype(x_RD)
  gate_up_RF = torch.mm(x_RD, torch.t(gate_up_FD)) + torch.to(gate_up_bias_F, dtype)
  return torch.mm(__torch__.block.gate(gate_up_RF, call), torch.t(down_DF)) + torch.to(down_bias_D, dtype)


# The routed experts' sum. Experts come apart with unbind: the gradient of select would fill all experts for each one.
def routed(n_TD: Tensor, normed_TD: Tensor, layer: __torch__.parameters.Layer, k: int,
    call: __torch__.calls.Call) -> Tensor:
  gate_ups = torch.unbind(torch.to(layer.gate_up_EFD, call.dtype))
  downs = torch.unbind(torch.to(layer.down_EDF, call.dtype))
  experts = torch.len(downs)
  routing = __torch__.router.route(n_TD, layer, k, call)
  counts_E, order, rows_TK = __torch__.experts.dispatch(routing.index_TK, experts)
  sizes = annotate(List[int], torch.cpu(counts_E).tolist())
  parts = torch.split_with_sizes(torch.index_select(normed_TD, 0, torch.floor_divide(order, k)), sizes)
  outputs = annotate(List[Tensor], [])
  if torch.numel(layer.gate_up_bias_EF) > 0:
    up_biases = torch.unbind(layer.gate_up_bias_EF)
    down_biases = torch.unbind(layer.down_bias_ED)
    for e in range(experts):
      outputs.append(__torch__.block.biased_expert(parts[e], gate_ups[e], downs[e], up_biases[e], down_biases[e], call))
  else:
    for e in range(experts):
      outputs.append(__torch__.block.expert(parts[e], gate_ups[e], downs[e], call))
  chosen = torch.index_select(torch.cat(outputs), 0, torch.flatten(rows_TK))
  chosen_TKD = torch.view(chosen, [torch.size(n_TD, 0), k, torch.size(n_TD, 1)])
  return torch.sum(torch.to(chosen_TKD, 6) * torch.unsqueeze(routing.weight_TK, 2), [1])


# The residual stream after a layer's feed-forward half.
def feed_forward(x_TD: Tensor, layer: __torch__.parameters.Layer, k: int, call: __torch__.calls.Call) -> Tensor:
  n_TD = __torch__.block.unit(x_TD, call.norm_epsilon) * layer.post_attention_norm_D
  normed_TD = torch.to(n_TD, call.dtype)
  if k == 0:
    dense_TD = __torch__.block.only_expert(normed_TD, layer.gate_up_EFD, layer.down_EDF, call)
    return x_TD + dense_TD * call.residual_multiplier
  y_TD = __torch__.block.routed(n_TD, normed_TD, layer, k, call)
  if torch.numel(layer.shared_gate_up_EFD) > 0:
    shared_TD = __torch__.block.only_expert(normed_TD, layer.shared_gate_up_EFD, layer.shared_down_EDF, call)
    if torch.numel(layer.shared_score_ED) > 0:
      shared_TD = shared_TD * torch.sigmoid(torch.mm(n_TD, torch.t(layer.shared_score_ED)))
    y_TD = y_TD + shared_TD
  return x_TD + y_TD * call.residual_multiplier


# Logits [B, S, V], float32, of ids [B, S].
def forward(ids_BS: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor, sin_T1R: Tensor,
    call: __torch__.calls.Call) -> Tensor:
  x_TD = torch.embedding(model.embedding_VD, torch.flatten(ids_BS)) * call.embedding_multiplier
  for i in range(torch.len(model.layers)):
    layer = model.layers[i]
    x_TD = __torch__.block.attention(x_TD, layer, call, call.windows[i], cos_T1R, sin_T1R)
    x_TD = __torch__.block.feed_forward(x_TD, layer, call.top_k[i], call)
  n_TD = __torch__.block.unit(x_TD, call.norm_epsilon) * model.final_norm_D
  logits_TV = torch.mm(torch.to(n_TD, call.dtype), torch.t(torch.to(model.head_VD, call.dtype)))
  return torch.view(torch.to(logits_TV, 6) / call.logits_divisor, [call.batch, call.sequence, -1])
