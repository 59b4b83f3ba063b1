# The whole decoder, forward. Its training is in team.py; no autograd: gradients are added in place.
# ids and labels are int64 [T]; cos and sin are tables [T, 1, R/2] (rotary.py).


# The residual stream before the first layer.
def embed(ids_T: Tensor, model: __torch__.parameters.Model, call: __torch__.calls.Call) -> Tensor:
  x_TD = torch.embedding(model.embedding_VD, ids_T)
  if call.embedding_multiplier == 1.:
    return x_TD
  return torch.mul_(x_TD, call.embedding_multiplier)


# The residual stream after all layers [T, D].
def residual(ids_T: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor, sin_T1R: Tensor,
    call: __torch__.calls.Call) -> Tensor:
  x_TD = __torch__.model.embed(ids_T, model, call)
  for i in range(torch.len(model.layers)):
    layer = model.layers[i]
    x_TD, _0 = __torch__.attention.forward(x_TD, layer, call, call.windows[i], cos_T1R, sin_T1R)
    x_TD, _1 = __torch__.experts.forward(x_TD, layer, call.top_k[i], call)
  return x_TD


# Logits [B, S, V], float32.
def logits(ids_T: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor, sin_T1R: Tensor,
    call: __torch__.calls.Call) -> Tensor:
  x_TD = __torch__.model.residual(ids_T, model, cos_T1R, sin_T1R, call)
  return torch.view(__torch__.head.logits(x_TD, model, call), [call.batch, call.sequence, -1])


# Losses and hits [2, T], float32.
def score(ids_T: Tensor, labels_T: Tensor, model: __torch__.parameters.Model, cos_T1R: Tensor, sin_T1R: Tensor,
    call: __torch__.calls.Call) -> Tensor:
  x_TD = __torch__.model.residual(ids_T, model, cos_T1R, sin_T1R, call)
  return __torch__.head.score(x_TD, model, labels_T, call)
