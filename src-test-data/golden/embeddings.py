"""Makes models/llama2-tiny/adapters/lora-head and miss-embed: an adapter on the head, and the embeddings trained whole.

    python embeddings.py    # in this folder; PEFT 0.21, transformers 5.18

PEFT puts the head's own weight beside the adapter on it (save_embedding_layers="auto"), and torch keeps the gradient of
the embedding of pad_token_id at zero, also where that token is none of the padding: there are such in the input.
"""
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, MissConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

MODEL = Path("models/llama2-tiny")
CONFIGS = {
    "lora-head": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "lm_head"], task_type="CAUSAL_LM"),
    "miss-embed": MissConfig(r=8, target_modules=["q_proj"], modules_to_save=["embed_tokens"], task_type="CAUSAL_LM"),
}
batch = {name: tensor for name, tensor in load_file(MODEL / "io.safetensors").items()
         if name in ("input_ids", "attention_mask", "labels")}
batch["input_ids"][:, 3] = 0
for name, config in CONFIGS.items():
    torch.manual_seed(7)
    base = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
    base.name_or_path = None
    model = get_peft_model(base, config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.05 * torch.randn_like(parameter)
    folder = MODEL / "adapters" / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    out = model(**batch)
    out.loss.backward()
    result = {**batch, "logits": out.logits, "loss": out.loss}
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            result["grad." + key.replace(".default", "")] = parameter.grad
    model.merge_adapter()
    result["merged_logits"] = model(**batch).logits
    save_file({key: tensor.detach().clone().contiguous() for key, tensor in result.items()}, folder / "io.safetensors")
