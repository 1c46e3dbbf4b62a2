"""``bench train``: the time of a GRPO step by stage, beside TRL's own trainer over the same env."""
