# x, and its queries, keys and values, [rows, hidden].
def projected(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
  q, k, v = self.qkv(torch.reshape(x, [-1, torch.size(x, -1)]), p)
  return (x, q, k, v)
