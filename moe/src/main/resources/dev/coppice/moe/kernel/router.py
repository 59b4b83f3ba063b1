# Which experts a token takes, how much of each, and the backward pass.


# Scores in groups that are not taken fall to minus infinity.
def within_groups(choice_TE: Tensor, call: __torch__.calls.Call) -> Tensor:
  parts = torch.unflatten(choice_TE, 1, [call.groups, -1])
  if call.group_score_of_two:
    top, _0 = torch.topk(parts, 2, -1)
    score = torch.sum(top, [-1])
  else:
    score = torch.amax(parts, [-1])
  _1, best = torch.topk(score, call.top_groups, -1)
  shut = torch.scatter(torch.ones_like(score), 1, best, 0.)
  return torch.flatten(torch.masked_fill(parts, torch.unsqueeze(torch.gt(shut, 0.5), 2), -float("inf")), 1)


# Routes normed tokens to k experts each.
def route(n_TD: Tensor, layer: __torch__.parameters.Layer, k: int,
    call: __torch__.calls.Call) -> __torch__.records.Routing:
  logits_TE = __torch__.matrix.linear(n_TD, layer.router_ED, layer.router_bias_E, 6)
  lse_T = torch.logsumexp(logits_TE, [-1])
  if call.sigmoid_router:
    scores_TE = torch.sigmoid(logits_TE)
  else:
    scores_TE = torch.softmax(logits_TE, -1)
  choice_TE = scores_TE
  if torch.numel(layer.selection_bias_E) > 0:
    choice_TE = scores_TE + layer.selection_bias_E
  if call.groups > 1:
    choice_TE = __torch__.router.within_groups(choice_TE, call)
  _0, index_TK = torch.topk(choice_TE, k, -1)
  weight_TK = torch.gather(scores_TE, 1, index_TK)
  if call.renormalize:
    weight_TK = weight_TK / torch.add_(torch.sum(weight_TK, [-1], True), 1e-20)
  if call.routed_scaling != 1.:
    weight_TK = weight_TK * call.routed_scaling
  return __torch__.records.Routing(scores_TE, index_TK, weight_TK, lse_T, logits_TE)


# What the load-balancing loss calls probabilities: scores that sum to one.
def probabilities(scores_TE: Tensor, call: __torch__.calls.Call) -> Tensor:
  if call.sigmoid_router:
    return scores_TE / torch.sum(scores_TE, [-1], True)
  return scores_TE


# Gradient of the router's logits, from that of the weights and, balance_E, that of every probability.
def backward(d_weight_TK: Tensor, routing: __torch__.records.Routing, balance_E: Tensor,
    call: __torch__.calls.Call) -> Tensor:
  scores_TE = routing.scores_TE
  d_top_TK = __torch__.router.unscaled(d_weight_TK, routing, call)
  if not call.sigmoid_router:
    dp_TE = torch.scatter_add(torch.expand_as(balance_E, scores_TE), 1, routing.index_TK, d_top_TK)
    d_logits_TE = scores_TE * (dp_TE - torch.sum(dp_TE * scores_TE, [-1], True))
    return torch.add_(d_logits_TE, scores_TE * torch.unsqueeze(routing.lse_T, 1), alpha=2. * call.z_scale)
  total_T1 = torch.sum(scores_TE, [-1], True)
  mean_T1 = torch.sum(scores_TE * balance_E, [-1], True) / total_T1
  shared_TE = torch.expand_as((balance_E - mean_T1) / total_T1, scores_TE)
  dp_TE = torch.scatter_add(shared_TE, 1, routing.index_TK, d_top_TK)
  d_logits_TE = dp_TE * scores_TE * (1. - scores_TE)
  if call.z_scale != 0.:
    probability_TE = torch.exp(routing.logits_TE - torch.unsqueeze(routing.lse_T, 1))
    d_logits_TE = torch.add_(d_logits_TE, probability_TE * torch.unsqueeze(routing.lse_T, 1), alpha=2. * call.z_scale)
  return d_logits_TE


# Gradient of the chosen scores, from that of the weights that were made of them.
def unscaled(d_weight_TK: Tensor, routing: __torch__.records.Routing, call: __torch__.calls.Call) -> Tensor:
  d_top_TK = d_weight_TK
  if call.routed_scaling != 1.:
    d_top_TK = d_weight_TK * call.routed_scaling
  if call.renormalize:
    share_TK = routing.weight_TK
    if call.routed_scaling != 1.:
      share_TK = routing.weight_TK / call.routed_scaling
    sum_T1 = torch.add_(torch.sum(torch.gather(routing.scores_TE, 1, routing.index_TK), [-1], True), 1e-20)
    d_top_TK = (d_top_TK - torch.sum(d_top_TK * share_TK, [-1], True)) / sum_T1
  return d_top_TK
