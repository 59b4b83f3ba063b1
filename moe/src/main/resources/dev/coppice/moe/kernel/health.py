# What the routers did with a batch.


# One layer's row: how often each pair of experts was chosen together [E*E] (an expert with itself: how often at all),
# the sum of each expert's probability [E], and the sum of the entropies of a token's probabilities [1]; float64.
def layer(routing: __torch__.records.Routing, call: __torch__.calls.Call) -> Tensor:
  probability_TE = torch.to(__torch__.router.probabilities(routing.scores_TE, call), 7)
  taken_TE = torch.scatter(torch.zeros_like(probability_TE), 1, routing.index_TK, 1.)
  together = torch.flatten(torch.mm(torch.t(taken_TE), taken_TE))
  entropy = torch.neg(torch.sum(torch.xlogy(probability_TE, probability_TE)))
  return torch.cat([together, torch.sum(probability_TE, [0]), torch.unsqueeze(entropy, 0)])


# A row for each mixture layer, E*E + E + 1 wide; no rows where the model has no mixture.
def routers(ids_T: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor, sin_T1R: Tensor,
    call: __torch__.calls.Call) -> Tensor:
  rows = annotate(List[Tensor], [])
  x_TD = __torch__.model.embed(ids_T, model, call)
  for i in range(torch.len(model.layers)):
    weights = model.layers[i]
    x_TD, _0 = __torch__.attention.forward(x_TD, weights, call, call.windows[i], cos_T1R, sin_T1R)
    x_TD, routing = __torch__.experts.forward(x_TD, weights, call.top_k[i], call)
    if routing is not None:
      rows.append(__torch__.health.layer(routing, call))
  if torch.len(rows) == 0:
    return torch.zeros([0, 0], dtype=7)
  return torch.stack(rows)
