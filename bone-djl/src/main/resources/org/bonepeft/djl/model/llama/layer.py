# Methods of one LayerScript, beside those of attention.py and the kernels; LlamaLayer calls them. p begins with the
# weights of the two norms. qkv, output, gate_up and down are the layer's linears.

def attention_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Optional[Tensor], dropout: float, p: List[Tensor]) -> Tensor:
  size = torch.size(cos, -1)
  q, k, v = self.projected(x, p)
  y = self.weighted(self.turned(q, cos, sin), self.turned(k, cos, sin), self.heads(v, size), mask, dropout)
  return self.attended(x, y, p)

def cached_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Optional[Tensor], keys: Tensor, values: Tensor, at: int, p: List[Tensor]) -> Tensor:
  size = torch.size(cos, -1)
  q, k, v = self.projected(x, p)
  k = self.appended(keys, self.turned(k, cos, sin), at)
  v = self.appended(values, self.heads(v, size), at)
  return self.attended(x, self.weighted(self.turned(q, cos, sin), k, v, mask, 0.), p)

def projected(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
  b, t, h = torch.size(x)
  q, k, v = self.qkv(self.rms_norm(torch.reshape(x, [-1, h]), p[0], "{eps}"), p)
  return (torch.reshape(q, [b, t, -1]), torch.reshape(k, [b, t, -1]), torch.reshape(v, [b, t, -1]))

def attended(self: __torch__.M, x: Tensor, y: Tensor, p: List[Tensor]) -> Tensor:
  change = self.output(torch.reshape(y, [-1, torch.size(y, -1)]), p)
  return torch.add(x, torch.reshape(change, torch.size(x)))

def feed_forward(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tensor:
  gate, up = self.gate_up(self.rms_norm(torch.reshape(x, [-1, torch.size(x, -1)]), p[1], "{eps}"), p)
  change = self.down(self.swiglu(gate, up), p)
  return torch.add(x, torch.reshape(change, torch.size(x)))

def feed_part(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tensor:
  return self.feed_forward(x, p)

def attend_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return self.attention_part(x, cos, sin, None, float(dropout), p)

def attend_part_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return self.attention_part(x, cos, sin, mask, float(dropout), p)

def layer(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return self.feed_forward(self.attention_part(x, cos, sin, None, float(dropout), p), p)

def layer_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return self.feed_forward(self.attention_part(x, cos, sin, mask, float(dropout), p), p)

def layer_cached(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, p: List[Tensor], at: str) -> Tensor:
  return self.feed_forward(self.cached_part(x, cos, sin, None, keys, values, int(at), p), p)

def layer_cached_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, keys: Tensor, values: Tensor, p: List[Tensor], at: str) -> Tensor:
  return self.feed_forward(self.cached_part(x, cos, sin, mask, keys, values, int(at), p), p)
