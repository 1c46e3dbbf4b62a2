"""Loads models of transformers: from a folder, from the hub, from a GGUF file, and adapters on any of them.

What comes out wrong is mended here: a GGUF file's quantisation that keeps the model from being saved, a tokenizer
without its padding or of another class than it was saved with, and an end token that is another one than the chat
template's.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from codegym.errors import ConfigError, PolicyError
from codegym.policy.chat import ChatFormat
from codegym.policy.local.verify import check_generation

_UNLOADABLE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, RuntimeError, AssertionError, LookupError, TypeError, AttributeError),
    *(ImportError, SafetensorError),
)
"""The exceptions of transformers for model files that are missing, broken, or of an unknown kind."""

ADAPTER = "adapter_config.json"
"""The file that a folder with an adapter of peft has."""


def load_model(
    path: str, *, dtype: Any = "auto", device: str = "cpu", attention: str | None = None, trainable: bool = False
) -> tuple[Any, Any]:
    """Load a model onto a device, and its tokenizer.

    ``path`` is a folder, a hub's name, either with a GGUF file at its end (``folder/model.gguf``), or the folder
    of an adapter, which names the model below it. ``trainable``: its weights will be trained. Generation with the
    model is checked. Raises :class:`PolicyError`, or :class:`ConfigError` for its template; both name the path.
    """
    try:
        tokenizer = load_tokenizer(path)
        model = _load_weights(path, dtype, attention, trainable=trainable).to(device)
        _mend_ends(model, tokenizer)
    except ConfigError as error:
        raise ConfigError(f"model {path!r}: {error}") from error
    except _UNLOADABLE as error:
        hint = "" if Path(path).exists() else " (not here, so a name on the hub)"
        raise PolicyError(f"can't load a model from {path!r}{hint} to {device}: {error}") from error
    check_generation(model)
    return model, tokenizer


def load_tokenizer(path: str) -> Any:
    """Load a model's tokenizer, and check its chat template."""
    base = base_of(path) if not (Path(path) / "tokenizer_config.json").exists() else path
    where, file = _file_of(base)
    tokenizer = _tokenizer_class(where).from_pretrained(where, **file)
    chat = ChatFormat(tokenizer)
    chat.check(keep_turns=False)
    tokenizer.eos_token_id = chat.end_id
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = chat.end_id
    return tokenizer


def _tokenizer_class(where: str) -> Any:
    """Return the class that loads a tokenizer as it was saved.

    For some kinds of models, such as qwen2, transformers' AutoTokenizer believes no other class than that kind's,
    which splits text in its own way, even if the folder's tokenizer is a plain one that splits it differently.
    """
    import transformers  # noqa: PLC0415 - heavy

    file = Path(where) / "tokenizer_config.json"
    is_plain = file.exists() and json.loads(file.read_text()).get("tokenizer_class") == "TokenizersBackend"
    return transformers.PreTrainedTokenizerFast if is_plain else transformers.AutoTokenizer


def base_of(path: str) -> str:
    """Return the model below the adapter in folder ``path``; ``path`` itself if it contains none."""
    file = Path(path) / ADAPTER
    return str(json.loads(file.read_text())["base_model_name_or_path"]) if file.exists() else path


def load_config(path: str) -> Any:
    """Load only a model's configuration, that of the model below an adapter."""
    import transformers  # noqa: PLC0415 - heavy

    where, file = _file_of(base_of(path))
    return transformers.AutoConfig.from_pretrained(where, **file)


def _load_weights(path: str, dtype: Any, attention: str | None, *, trainable: bool) -> Any:
    import transformers  # noqa: PLC0415 - heavy

    base = base_of(path)
    where, file = _file_of(base)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        where, dtype=dtype, attn_implementation=attention, **file
    )
    if file:
        _forget_quantisation(model)
        model.name_or_path = base
    if base == path:
        return model
    from peft import PeftModel  # noqa: PLC0415 - only for adapters

    return saves_adapter_only(PeftModel.from_pretrained(model, path, is_trainable=trainable))


def saves_adapter_only(model: Any) -> Any:
    """Return a model of peft that saves no embeddings, and does not ask the hub whether it should."""
    model.save_pretrained = partial(model.save_pretrained, save_embedding_layers=False)
    return model


def _file_of(path: str) -> tuple[str, dict[str, str]]:
    """Return the folder or hub's name that ``path`` is or is in, and transformers' argument for a GGUF file."""
    file = Path(path)
    return (str(file.parent), {"gguf_file": file.name}) if file.suffix == ".gguf" else (path, {})


def _forget_quantisation(model: Any) -> None:
    """Let a model from a GGUF file be saved: its weights are numbers again, not the file's."""
    model.hf_quantizer = None
    for owner, name in (
        (model.config, "quantization_config"),
        (model, "is_quantized"),
        (model, "quantization_method"),
    ):
        if name in vars(owner):
            delattr(owner, name)


def _mend_ends(model: Any, tokenizer: Any) -> None:
    """Let the generation config end answers where the chat template does, whatever else ends them."""
    says = model.generation_config
    ids = [says.eos_token_id] if isinstance(says.eos_token_id, int) else list(says.eos_token_id or ())
    if tokenizer.eos_token_id not in ids:
        says.eos_token_id = [*ids, tokenizer.eos_token_id]
    if says.pad_token_id is None:
        says.pad_token_id = tokenizer.pad_token_id
