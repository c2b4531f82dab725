"""The sentences for PyTorch on the model's state, and of those on a whole cell, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from cell_builder import cell, raised, texts, tokenized, value
from facts_builder import (
    CLS,
    SEP,
    Messages,
    call,
    having,
    tensor,
    torch_model,
)
from torch_facts import ADAM, BERT, HEAD, IDS, INSIDE, MASK, OWN, STATE, TAGGER, VERSIONS, fed, raising, trained

from bertmagic.facts.training import HardwareFacts, HeadState, MemoryFacts

MESSAGES: Messages = {
    "training mode": (
        "training-mode-at-inference",
        having(
            fed(of=torch_model("BertForSequenceClassification", dataclasses.replace(INSIDE, dropout=0.1))),
            training=True,
        ),
        (
            "`model` is in training mode, and dropout is on in what it predicts",
            (
                "`model` is in training mode (`training` is True), and no gradient is taken of the call: "
                "dropout is on, at rates up to 0.1."
            ),
            "Predict in inference mode",
            "model.eval()  # before the call; train() where training goes on",
        ),
    ),
    "training mode inside": (
        "training-mode-at-inference",
        having(
            fed(of=dataclasses.replace(OWN, encoders=(dataclasses.replace(INSIDE, dropout=0.1),))),
            encoder_calls=(dataclasses.replace(fed(of=OWN).encoder_calls[0], training=True),),
            training=False,
        ),
        (
            "`bert` inside `net` is in training mode, and dropout is on in what `net` predicts",
            (
                "`bert` inside `net` is in training mode (`training` is True), and no gradient is taken "
                "of the call: dropout is on, at rates up to 0.1."
            ),
            "Predict in inference mode",
            "net.eval()  # before the call; train() where training goes on",
        ),
    ),
    "a high rate": (
        "learning-rate-high",
        trained(),
        (
            "`optimizer` trains the pretrained encoder of `bert` at a learning rate of 0.001",
            (
                "`optimizer` is AdamW with a learning rate of 0.001, Adam's default, and it trains 1,000 "
                "of the 1,000 parameters in the layers of `bert`. They are pretrained: the weights of its"
                " layer normalizations are 0.41 … 0.98, and 1 throughout in a new encoder. BERT was "
                "fine-tuned at 2e-5 to 5e-5; each step here is 20 to 50 times as long."
            ),
            "Train at a rate for fine-tuning",
            "optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)",
        ),
    ),
    "a high rate, no name": (
        "learning-rate-high",
        trained(optimizer=dataclasses.replace(ADAM, name="Adam", said="Adam")),
        (
            "`Adam` trains the pretrained encoder of `bert` at a learning rate of 0.001",
            (
                "Adam has a learning rate of 0.001, Adam's default, and it trains 1,000 of the 1,000 "
                "parameters in the layers of `bert`. They are pretrained: the weights of its layer "
                "normalizations are 0.41 … 0.98, and 1 throughout in a new encoder. BERT was fine-tuned "
                "at 2e-5 to 5e-5; each step here is 20 to 50 times as long."
            ),
            "Train at a rate for fine-tuning",
            "optimizer = torch.optim.Adam(model.parameters(), lr=2e-5)",
        ),
    ),
    "an untrained head": (
        "head-untrained",
        trained(heads=(HeadState("classifier", (8, 2), "normal"),), optimizer=None),
        (
            "`model` predicts with a head that was not trained",
            (
                "The bias of `classifier` is 0 throughout, and its weights are as normal draws them, "
                "while the encoder of `bert` has trained weights: what comes out is what random weights "
                "make of its output."
            ),
            "Train the head before its predictions are used",
            ("Trainer(model=model, args=arguments, train_dataset=dataset).train()  # or a training loop"),
        ),
    ),
    "a pooler without gradients": (
        "pooler-unused",
        trained("fit", of=TAGGER, optimizer=None, encoders=(dataclasses.replace(STATE, pooler_reached=False),)),
        (
            "The pooler of `bert` takes no part in the loss, which is harmless",
            (
                "The outputs of `model` depend on the last hidden state of `bert` and not on its pooler, "
                "whose 72 parameters therefore get no gradient (`grad` stays unset): the optimizer passes"
                " them over, and all others train."
            ),
            "Nothing needs to change; freezing the pooler says so in the code",
            "model.bert.pooler.requires_grad_(False)",
        ),
    ),
    "memory": (
        "memory-exceeds-device",
        having(
            trained("fit", memory=MemoryFacts("GPU:0", 2**33, 2**33, 2**34)),
            hardware=HardwareFacts("PyTorch 2.13.0", memory={"GPU:0": (2**34, "the test")}),
        ),
        (
            "Training `model` needs more memory than GPU:0 has",
            (
                "The parameters of `model` take 8 GiB, their gradients 8 GiB and what AdamW keeps for "
                "each weight 16 GiB: 32 GiB, where GPU:0 has 16 GiB. This is a lower bound: activations "
                "come on top."
            ),
            "Train fewer weights: frozen ones need neither gradients nor arrays of the optimizer",
            "model.bert.requires_grad_(False)  # before the optimizer is made",
        ),
    ),
    "a GPU that PyTorch does not see": (
        "device-not-used",
        having(fed(), hardware=HardwareFacts("PyTorch 2.13.0", ("/dev/nvidia0",))),
        (
            "A GPU is there, and PyTorch 2.13.0 does not see it",
            ("`/dev/nvidia0` is there and may be opened, and PyTorch 2.13.0 lists no GPU: everything runs on the CPU."),
            "Install a build of PyTorch for CUDA",
            "torch.cuda.is_available()  # False now",
        ),
    ),
    "NumPy's arrays": (
        "framework-mismatch",
        cell(
            raising(
                call(IDS, MASK, of=BERT, kind="call", seen=False, said={"input_ids": 'enc["input_ids"]'}),
                "TypeError",
                text="size",
            ),
            tokenizer_calls=[tokenized(texts("reviews"), return_tensors="np")],
            raised=raised("TypeError", text="size"),
            versions=VERSIONS,
        ),
        (
            '`enc["input_ids"]` is an array of NumPy, and `bert` takes PyTorch\'s',
            ('`enc["input_ids"]` is a numpy.ndarray, which `bert` of PyTorch cannot take. TypeError is raised.'),
            "Give PyTorch's tensors",
            'enc = tokenizer(reviews, padding=True, truncation=True, return_tensors="pt")',
        ),
    ),
    "NumPy's labels": (
        "framework-mismatch",
        cell(
            raising(having(fed(of=HEAD), labels=(tensor("labels", [0, 1, 1], said="y"),)), "TypeError", text="size"),
            raised=raised("TypeError", text="size"),
            versions=VERSIONS,
        ),
        (
            "`y` is an array of NumPy, and `model` takes PyTorch's",
            "`y` is a numpy.ndarray, which `model` of PyTorch cannot take. TypeError is raised.",
            "Give PyTorch's tensors",
            "y = torch.from_numpy(np.asarray(y))",
        ),
    ),
    "a function of PyTorch on an array": (
        "framework-mismatch",
        cell(
            raised=raised(
                "TypeError",
                value("scores", "numpy.ndarray", "numpy", shape=(3, 2)),
                callee="torch.nn.functional.softmax",
                callee_said="F.softmax",
            ),
            versions=VERSIONS,
        ),
        (
            "`scores` is an array of NumPy, and `F.softmax` takes PyTorch's",
            ("`scores` is a numpy.ndarray, which `F.softmax` of PyTorch cannot take. TypeError is raised."),
            "Give PyTorch's tensors",
            "scores = torch.from_numpy(np.asarray(scores))",
        ),
    ),
    "a tensor of TensorFlow": (
        "framework-mismatch",
        cell(
            raised=raised(
                "TypeError", value("ids", shape=(3, 6)), owner=value("bert", "BertModel", "torch", place="self")
            ),
            versions=VERSIONS,
        ),
        (
            "`ids` is a tensor of TensorFlow, and `bert` takes PyTorch's",
            "`ids` is a tf.Tensor, which `bert` of PyTorch cannot take. TypeError is raised.",
            "Give PyTorch's tensors",
            "ids = torch.from_numpy(np.asarray(ids))",
        ),
    ),
    "a list of words": (
        "word-list-as-batch",
        cell(
            call(
                np.array([[CLS, 11, SEP], [CLS, 12, SEP], [CLS, 13, SEP]]), of=TAGGER, kind="call", kinds="torch.Tensor"
            ),
            tokenizer_calls=[
                tokenized(
                    texts("words", with_spaces=0, words_of="sentence", running=("the",)),
                    rows=tuple(np.array([[CLS, 11, SEP], [CLS, 12, SEP], [CLS, 13, SEP]])),
                )
            ],
            versions={"torch": "2.13.0"},
        ),
        (
            "`words` is one text's words, and is tokenized as 3 texts",
            (
                "`tokenizer` is given `words`, a list of 3 words, without `is_split_into_words`; they are"
                " the words of `sentence`, in their order, and `model` labels the tokens of a text. "
                "`model` gets 3 rows, one a word, each between special tokens of its own, where one row a"
                " text is meant."
            ),
            "Say that the text is split into words",
            'enc = tokenizer([words], is_split_into_words=True, truncation=True, return_tensors="pt")',
        ),
    ),
    "AdamW of transformers": (
        "transformers-version-conflict",
        having(cell(raised=raised("ImportError", missing="AdamW", missing_in="transformers")), versions=VERSIONS),
        (
            "transformers 5.23.0 has no `AdamW`",
            ("transformers 5.23.0 is installed. `AdamW` was in release 4.49, and is in this one no more."),
            "Write it as the installed release has it",
            "from torch.optim import AdamW",
        ),
    ),
}
