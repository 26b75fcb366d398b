import pickle
import threading

import pytest
from tokenizers import (
    AddedToken,
    CharBPETokenizer,
    NormalizedString,
    PreTokenizedString,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

LINES = [
    "An atoll is a ring of coral around a lagoon.",
    "The reef keeps the waves out of the lagoon.",
    "Corals build the reef, and waves break it.",
]


@pytest.fixture
def tokenizer():
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["[UNK]", "[PAD]"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(iter(LINES), trainer)
    return tokenizer


def test_what_is_encoded_can_be_decoded(tokenizer):
    for line in LINES:
        encoding = tokenizer.encode(line)
        assert tokenizer.decode(encoding.ids).strip() == line
        assert [tokenizer.token_to_id(token) for token in encoding.tokens] == encoding.ids
        for start, end in encoding.offsets:
            assert 0 <= start <= end <= len(line)
    assert tokenizer.get_vocab_size() == len(tokenizer.get_vocab())
    batch = tokenizer.encode_batch(LINES * 50)
    assert [encoding.ids for encoding in batch[:3]] == [tokenizer.encode(line).ids for line in LINES]
    assert tokenizer.decode_batch([encoding.ids for encoding in batch])[0].strip() == LINES[0]


def test_padding_truncation_and_added_tokens(tokenizer):
    tokenizer.enable_truncation(max_length=8)
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id("[PAD]"), pad_token="[PAD]", length=8)
    encoding = tokenizer.encode("coral")
    assert len(encoding) == 8 and encoding.attention_mask[-1] == 0
    assert len(tokenizer.encode(" ".join(LINES)).ids) == 8
    assert tokenizer.add_special_tokens([AddedToken("[REEF]")]) == 1
    assert "[REEF]" in tokenizer.encode("a [REEF] b").tokens


def test_tokenizers_are_saved_loaded_and_pickled(tokenizer, tmp_path):
    path = str(tmp_path / "tokenizer.json")
    tokenizer.save(path, pretty=True)
    expected = tokenizer.encode(LINES[0]).ids
    for copy in [
        Tokenizer.from_file(path),
        Tokenizer.from_str(tokenizer.to_str()),
        pickle.loads(pickle.dumps(tokenizer)),
    ]:
        assert copy.encode(LINES[0]).ids == expected
    with pytest.raises(Exception):
        Tokenizer.from_str("{}")


def test_training_from_files(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(LINES))
    tokenizer = CharBPETokenizer()
    tokenizer.train([str(path)], vocab_size=200, show_progress=False)
    assert "".join(tokenizer.encode("the reef").tokens).replace("</w>", "") == "thereef"
    word_level = Tokenizer(models.WordLevel({"coral": 0, "[UNK]": 1}, unk_token="[UNK]"))
    word_level.pre_tokenizer = pre_tokenizers.Whitespace()
    assert word_level.encode("coral reef").ids == [0, 1]


def test_parts_written_in_python(tokenizer):
    class Upper:
        def normalize(self, text: NormalizedString):
            text.uppercase()
            text.replace(Regex("A+"), "A")

    class Halves:
        def pre_tokenize(self, text: PreTokenizedString):
            text.split(lambda i, part: [part[: len(part.normalized) // 2], part[len(part.normalized) // 2 :]])

    normalizer = normalizers.Normalizer.custom(Upper())
    assert normalizer.normalize_str("aab") == "AB"
    halves = pre_tokenizers.PreTokenizer.custom(Halves())
    assert [part for part, _ in halves.pre_tokenize_str("atolls")] == ["ato", "lls"]
    # In batches, they are called by threads of the library's own.
    tokenizer.normalizer = normalizer
    tokens = [encoding.tokens for encoding in tokenizer.encode_batch(LINES * 50)]
    assert tokens == [tokenizer.encode(line.upper().replace("AA", "A")).tokens for line in LINES] * 50
    sequence = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    assert sequence.normalize_str("\u00c9tat") == "etat"


def test_errors_of_callbacks_arrive():
    class Broken:
        def pre_tokenize(self, text):
            raise KeyError("broken")

    broken = pre_tokenizers.PreTokenizer.custom(Broken())
    with pytest.raises(Exception, match="broken"):
        broken.pre_tokenize_str("x")


def test_threads_share_a_tokenizer(tokenizer):
    expected, found = tokenizer.encode(LINES[1]).ids, []

    def work():
        for _ in range(50):
            found.append(tokenizer.encode(LINES[1]).ids)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 200
