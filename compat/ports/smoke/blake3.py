import array
import threading

import pytest
from blake3 import blake3

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_the_hash_of_nothing():
    assert blake3().hexdigest() == blake3(b"").hexdigest() == EMPTY
    assert blake3().digest() == bytes.fromhex(EMPTY)


def test_parts_give_the_hash_of_the_whole():
    data = bytes(range(256)) * 1000
    hasher = blake3()
    for start in range(0, len(data), 1000):
        assert hasher.update(data[start : start + 1000]) is hasher
    assert hasher.digest() == blake3(data).digest()
    assert hasher.digest(100, seek=7) == blake3(data).digest(107)[7:]


def test_buffers_of_all_kinds():
    data = array.array("B", range(100))
    expected = blake3(data.tobytes()).digest()
    for buffer in [data, bytearray(data), memoryview(data)]:
        assert blake3(buffer).digest() == expected
    with pytest.raises(TypeError):
        blake3("text")
    with pytest.raises(BufferError):
        blake3(memoryview(data)[::2])


def test_keys_and_contexts():
    key = bytes(32)
    assert blake3(b"x", key=key).digest() != blake3(b"x").digest()
    assert blake3(b"x", derive_key_context="here").digest() != blake3(b"x").digest()
    with pytest.raises(ValueError):
        blake3(b"x", key=b"short")
    with pytest.raises(ValueError):
        blake3(b"x", key=key, derive_key_context="here")


def test_copies_and_resets():
    hasher = blake3(b"one")
    copy = hasher.copy()
    copy.update(b"two")
    assert hasher.digest() == blake3(b"one").digest()
    assert copy.digest() == blake3(b"onetwo").digest()
    copy.reset()
    assert copy.hexdigest() == EMPTY


def test_threads(tmp_path):
    data = bytes(10_000_000)
    expected = blake3(data).digest()
    assert blake3(data, max_threads=blake3.AUTO).digest() == expected
    path = tmp_path / "data"
    path.write_bytes(data)
    assert blake3(max_threads=2).update_mmap(path).digest() == expected
    with pytest.raises(FileNotFoundError):
        blake3().update_mmap(tmp_path / "missing")
    shared, found = blake3(), []

    def work():
        for _ in range(10):
            shared.update(data[:100_000])
            found.append(shared.digest())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40 and shared.digest() == blake3(data[:100_000] * 40).digest()


def test_attributes():
    hasher = blake3()
    assert (hasher.name, hasher.digest_size, hasher.block_size) == ("blake3", 32, 64)
    assert blake3.key_size == 32
