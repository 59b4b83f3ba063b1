# What the routers did with a batch. Shapes: T tokens, E experts, L mixture layers.


# One layer's row: how often each pair of experts was chosen together [E*E] (an expert with itself: how often at all),
# the sum of each expert's probability [E], and the sum of the entropies of a token's probabilities [1]; float64.
def layer(scores: Tensor, index: Tensor, scoring: int) -> Tensor:
  chance = torch.to(__torch__.router.probabilities(scores, scoring), 7)
  taken = torch.scatter(torch.zeros_like(chance), 1, index, 1.)
  together = torch.flatten(torch.mm(torch.t(taken), taken))
  entropy = torch.neg(torch.sum(torch.xlogy(chance, chance)))
  return torch.cat([together, torch.sum(chance, [0]), torch.unsqueeze(entropy, 0)])


# [L, E*E + E + 1]; no rows where the model has no mixture.
def routers(ids: Tensor, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> Tensor:
  rows = annotate(List[Tensor], [])
  x = __torch__.model.embed(ids, p, numbers)
  for layer in range(__torch__.model.layers(shape)):
    at = 3 + 21 * layer
    k = shape[20 + 2 * layer]
    x, _0 = __torch__.attention.forward(x, p, at, shape, numbers, shape[21 + 2 * layer], segments, cos, sin)
    x, fed = __torch__.experts.forward(x, p, at, k, shape, numbers)
    if k > 0:
      rows.append(__torch__.health.layer(fed[3], fed[4], shape[12]))
  if torch.len(rows) == 0:
    return torch.zeros([0, 0], dtype=7)
  return torch.stack(rows)
