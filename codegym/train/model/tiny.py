"""A tiny policy made from nothing: a byte-level BPE tokenizer trained on the spot, and a stock architecture.

It exists so that the whole loop runs, and can be tested, on a laptop without a download. Only this module knows
that it is tiny: the result is an ordinary transformers model with an ordinary tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from codegym.train.config import TinySection
from codegym.train.model.words import WORDS

OBSERVATION, ANSWER, END, PAD = "<|see|>", "<|say|>", "<|end|>", "<|pad|>"

TEMPLATE = (
    "{# no place for a system prompt #}{% for m in messages %}{% if m.role == 'assistant' %}"
    + ANSWER
    + "{{ m.content }}"
    + END
    + "{% elif m.role == 'user' %}"
    + OBSERVATION
    + "{{ m.content }}{% endif %}{% endfor %}"
    + "{% if add_generation_prompt %}"
    + ANSWER
    + "{% endif %}"
)
"""One token before each turn; the system prompt is left out, since this policy learns the tools by example."""


def make_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE of ``vocabulary`` tokens on ``texts``, with :data:`TEMPLATE` for turns."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, OBSERVATION, ANSWER, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token=PAD, eos_token=END, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_model(tiny: TinySection, tokenizer: PreTrainedTokenizerFast, *, context: int, seed: int) -> Any:
    """Return a freshly initialised model for ``tokenizer`` with room for ``context`` positions.

    Embeddings have length 1. They are the output layer as well, and architectures start them with a length that is
    right for thousands of dimensions: with 160 no token could get more than 2 % of the probability at first, and
    copying from the context came several times later.
    """
    import torch  # noqa: PLC0415

    shape = tiny.model_dump(exclude={"architecture", "vocabulary", "config"}) | tiny.config
    config = AutoConfig.for_model(
        tiny.architecture,
        **shape,
        vocab_size=len(tokenizer),
        max_position_embeddings=context,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=tiny.hidden_size**-0.5)
    return model
