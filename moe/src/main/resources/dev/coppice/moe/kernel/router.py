# Which experts a token takes, how much of each, and the backward pass.
# Shapes: T tokens, D model, E experts, K chosen, Q groups of experts.
# shape[12:17] = [scoring 0 softmax | 1 sigmoid, renormalise 0|1, Q, groups taken, group score 0 largest | 1 sum of two]


# Scores in groups that are not taken fall to minus infinity.
def within_groups(choice: Tensor, groups: int, taken: int, kind: int) -> Tensor:
  parts = torch.unflatten(choice, 1, [groups, -1])
  if kind == 1:
    top, _0 = torch.topk(parts, 2, -1)
    score = torch.sum(top, [-1])
  else:
    score = torch.amax(parts, [-1])
  _1, best = torch.topk(score, taken, -1)
  shut = torch.scatter(torch.ones_like(score), 1, best, 0.)
  return torch.flatten(torch.masked_fill(parts, torch.unsqueeze(torch.gt(shut, 0.5), 2), -float("inf")), 1)


# Scores [T, E], the K chosen experts [T, K], their weights [T, K], log-sum-exp [T] and logits [T, E].
def route(n: Tensor, p: List[Tensor], at: int, k: int, shape: List[int], scaling: float) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
  scoring, renormalise, groups, taken, group_kind = shape[12:17]
  logits = __torch__.matrix.linear(n, p[at + 11], p[at + 12], 6)
  lse = torch.logsumexp(logits, [-1])
  if scoring == 0:
    scores = torch.softmax(logits, -1)
  else:
    scores = torch.sigmoid(logits)
  choice = scores
  if torch.numel(p[at + 13]) > 0:
    choice = scores + p[at + 13]
  if groups > 1:
    choice = __torch__.router.within_groups(choice, groups, taken, group_kind)
  _0, index = torch.topk(choice, k, -1)
  weight = torch.gather(scores, 1, index)
  if renormalise == 1:
    weight = weight / torch.add_(torch.sum(weight, [-1], True), 1e-20)
  if scaling != 1.:
    weight = weight * scaling
  return (scores, index, weight, lse, logits)


# What the load-balancing loss calls probabilities: scores that sum to one.
def probabilities(scores: Tensor, scoring: int) -> Tensor:
  if scoring == 0:
    return scores
  return scores / torch.sum(scores, [-1], True)


# Gradient of the router's logits. dw [T, K] is that of the weights, balance [E] that of every probability,
# z that of the squared log-sum-exp.
def backward(dw: Tensor, scores: Tensor, index: Tensor, weight: Tensor, lse: Tensor, logits: Tensor, shape: List[int], scaling: float, balance: Tensor, z: float) -> Tensor:
  scoring, renormalise = shape[12:14]
  dtop = dw
  if scaling != 1.:
    dtop = dw * scaling
  if renormalise == 1:
    share = weight
    if scaling != 1.:
      share = weight / scaling
    sum = torch.add_(torch.sum(torch.gather(scores, 1, index), [-1], True), 1e-20)
    dtop = (dtop - torch.sum(dtop * share, [-1], True)) / sum
  if scoring == 0:
    dp = torch.scatter_add(torch.expand_as(balance, scores), 1, index, dtop)
    dlogits = scores * (dp - torch.sum(dp * scores, [-1], True))
    return torch.add_(dlogits, scores * torch.unsqueeze(lse, 1), alpha=2. * z)
  total = torch.sum(scores, [-1], True)
  mean = torch.sum(scores * balance, [-1], True) / total
  dp = torch.scatter_add(torch.expand_as((balance - mean) / total, scores), 1, index, dtop)
  dlogits = dp * scores * (1. - scores)
  if z != 0.:
    chance = torch.exp(logits - torch.unsqueeze(lse, 1))
    dlogits = torch.add_(dlogits, chance * torch.unsqueeze(lse, 1), alpha=2. * z)
  return dlogits
