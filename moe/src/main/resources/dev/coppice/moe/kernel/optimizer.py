# AdamW on lists. The lists must be arguments of the module's method: the in-place call is deleted otherwise.


# [norm of all gradients, what to divide them by].
def clip(g: List[Tensor], limit: float) -> Tensor:
  norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(g, 2)), 2)
  divisor = torch.clamp(norm / limit, 1.)
  return torch.stack([norm, divisor])


# Loss-free balancing: the selection bias of an expert that was chosen more than the mean falls by a step.
# bias [E], counts [E] int64.
def balance(bias: Tensor, counts: Tensor, step: float) -> Tensor:
  load = torch.to(counts, 6)
  return torch.add_(bias, torch.sign(torch.mean(load) - load), alpha=step)
