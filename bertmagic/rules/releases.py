"""What transformers had in earlier releases and has no more, and what takes its place: names, modules, keywords."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Gone:
    """`had`: a release that had it; `instead`: what to write now, as code."""

    had: str
    instead: str


_GONE_MAPS = Gone("4.2", "from transformers import AutoConfig  # a checkpoint is loaded by its name, no list is needed")
_BENCHMARK = Gone("4.2", "import timeit  # or a profiler; transformers measures no more")

# Public names of the package (src/transformers/__init__.py of 4.2, "4.3.0.dev0") that 4.53.3 has no more; `AdamW` went
# in 4.50 (pull request 36177 of huggingface/transformers).
NAMES: dict[str, Gone] = {
    "AdamW": Gone("4.49", "from tf_keras.optimizers import AdamW  # for PyTorch: from torch.optim import AdamW"),
    "TFTrainer": Gone("4.2", "model.compile(optimizer=optimizer, loss=loss)\nmodel.fit(dataset)"),
    "EvaluationStrategy": Gone("4.2", "from transformers.trainer_utils import IntervalStrategy"),
    "cached_path": Gone("4.2", "from huggingface_hub import hf_hub_download"),
    "is_torch_tpu_available": Gone("4.2", "from transformers import is_torch_xla_available"),
    "Conversation": Gone("4.2", 'pipeline("text-generation")  # with a list of messages'),
    "ConversationalPipeline": Gone("4.2", 'pipeline("text-generation")  # with a list of messages'),
    "top_k_top_p_filtering": Gone("4.2", "from transformers import TopKLogitsWarper, TopPLogitsWarper"),
    "PyTorchBenchmark": _BENCHMARK,
    "PyTorchBenchmarkArguments": _BENCHMARK,
    "TensorFlowBenchmark": _BENCHMARK,
    "TensorFlowBenchmarkArguments": _BENCHMARK,
}
# Patterns are compiled where they are used: hardly a cell needs them, and every kernel loads them.
_MAP = r"[A-Z0-9_]+_PRETRAINED_(CONFIG_ARCHIVE_MAP|MODEL_ARCHIVE_LIST)$"

# Modules of release 3, which release 4.0 moved into a folder for each model.
_MODULE = r"transformers\.(?:modeling|tokenization|configuration)_(?:tf_)?(\w+?)(?:_fast)?$"
_FAMILIES = (
    "albert|auto|bart|bert|camembert|ctrl|distilbert|electra|encoder_decoder|flaubert|funnel|gpt2|longformer|lxmert|"
    "marian|mbart|mobilebert|openai|pegasus|roberta|t5|xlm|xlm_roberta|xlnet"
)
_MODULES = {
    "transformers.trainer_tf": Gone("4.2", NAMES["TFTrainer"].instead),
    "transformers.generation_utils": Gone("4.2", "import transformers.generation"),
    "transformers.generation_tf_utils": Gone("4.2", "import transformers.generation"),
}

# Attributes of tokenizers. `max_len` is gone since 4.0 (issue 8739 of huggingface/transformers),
# `max_model_input_sizes` since 4.40; the rest since 5.0 (MIGRATION_GUIDE_V5.md).
_CALL = "enc = tokenizer(texts, padding=True, truncation=True)"
TOKENIZER: dict[str, Gone] = {
    "max_len": Gone("3.5", "tokenizer.model_max_length"),
    "max_model_input_sizes": Gone("4.39", "tokenizer.model_max_length"),
    "encode_plus": Gone("4.57", _CALL),
    "batch_encode_plus": Gone("4.57", _CALL),
    "prepare_seq2seq_batch": Gone("4.57", "enc = tokenizer(texts, text_target=targets, padding=True, truncation=True)"),
    "as_target_tokenizer": Gone("4.57", "labels = tokenizer(text_target=targets)"),
    "sanitize_special_tokens": Gone("4.57", "tokenizer  # nothing is to be done"),
    "prepare_for_model": Gone("4.57", _CALL),
    "build_inputs_with_special_tokens": Gone("4.57", _CALL),
    "create_token_type_ids_from_sequences": Gone("4.57", 'tokenizer(texts, pairs)["token_type_ids"]'),
    "truncate_sequences": Gone("4.57", _CALL),
}

# Keywords of tokenizers' calls, which warned of their end up to a release before 4.53.3.
KEYWORDS: dict[str, str] = {
    "pad_to_max_length": 'padding="max_length"',
    "is_pretokenized": "is_split_into_words=True",
}

_HEADS = "Model|MainLayer|PreTrainedModel|LMHeadModel|LMHead|EncoderModel|DoubleHeadsModel|WithLMHead"
_TASKS = (
    "SequenceClassification|TokenClassification|QuestionAnswering|MaskedLM|MultipleChoice|NextSentencePrediction|"
    "PreTraining|CausalLM|Seq2SeqLM|ConditionalGeneration|QuestionAnsweringSimple"
)
_TF_FAMILIES = (
    "Albert|Auto|AutoModel|Bart|Bert|Camembert|ConvBert|CTRL|Deberta|DebertaV2|DistilBert|Electra|Flaubert|Funnel|GPT2|"
    "LayoutLM|Longformer|Lxmert|Marian|MBart|MobileBert|MPNet|OpenAIGPT|Pegasus|RemBert|Roberta|RobertaPreLayerNorm|"
    "RoFormer|T5|XLM|XLMRoberta|XLNet"
)
_TF_CLASS = rf"TF(PreTrainedModel|({_TF_FAMILIES})({_HEADS}|For({_TASKS})))$"


def release(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: (4, 53, 3)."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def is_tf_class(name: str) -> bool:
    """Whether transformers 4 had a TensorFlow class of that name."""
    return re.match(_TF_CLASS, name) is not None


def gone_name(name: str) -> Gone | None:
    """What is known of a public name that the package has no more."""
    return NAMES.get(name) or (_GONE_MAPS if re.match(_MAP, name) else None)


def gone_module(name: str) -> Gone | None:
    """What is known of a module, by its whole name, that the package has no more."""
    found = re.match(_MODULE, name)
    if found is not None and re.fullmatch(_FAMILIES, found[1]):
        return Gone("3.5", f"transformers.models.{found[1]}.{name.partition('.')[2]}")
    return _MODULES.get(name)
