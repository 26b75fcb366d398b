import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402

WORDS = [f"{begin}{end}" for begin in ["un", "re", "in", "out"] for end in ["do", "side", "form"]]
SENTENCE = " ".join(WORDS)
TEXTS = [SENTENCE] * 20
TOKENIZER = Tokenizer(models.BPE())
TOKENIZER.pre_tokenizer = pre_tokenizers.ByteLevel()
TOKENIZER.train_from_iterator([SENTENCE] * 10, trainers.BpeTrainer(show_progress=False))
ENCODED = TOKENIZER.encode(SENTENCE)
IDS = ENCODED.ids

BENCHMARKS = {
    "encode a word": "TOKENIZER.encode('undo')",
    "encode a sentence": "TOKENIZER.encode(SENTENCE)",
    "encode 20 sentences": "TOKENIZER.encode_batch(TEXTS)",
    "decode": "TOKENIZER.decode(IDS)",
    "ids": "ENCODED.ids",
    "offsets": "ENCODED.offsets",
    "a token's id": "TOKENIZER.token_to_id('do')",
}
