# The first token of each sequence with its queries, and the keys and values of all, [rows, hidden].
def projected(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
  h = torch.size(x, -1)
  kept = torch.slice(x, 1, 0, 1)
  q = self.query(torch.reshape(kept, [-1, h]), p)
  k, v = self.keys_values(torch.reshape(x, [-1, h]), p)
  return (kept, q, k, v)
