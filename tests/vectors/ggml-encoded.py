"""Makes ggml-encoded.json and .bin: floats that are hard to quantise, and the blocks that ggml makes of them without an importance matrix.
   LLAMA_LIBS=folder of llama.cpp's libraries python3 ggml-encoded.py"""
import array, ctypes, glob, json, os, random, struct

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {"Q4_0": (2, 32, 18), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24), "Q8_0": (8, 32, 34),
         "Q4_K": (12, 256, 144), "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210)}
base = ctypes.CDLL(glob.glob(os.environ["LLAMA_LIBS"] + "/libggml-base*.so")[0])
base.ggml_quantize_chunk.restype = ctypes.c_size_t
base.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64,
                                     ctypes.c_void_p]

rng = random.Random(2626)
f32 = lambda x: struct.unpack("<f", struct.pack("<f", x))[0]
bf16 = lambda x: struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", x))[0] & 0xFFFF0000))[0]
normal = lambda s=1.0: rng.gauss(0, s)


def kinds():
    """256 values each."""
    yield "zeros", [0.0] * 256
    yield "minus zeros", [-0.0] * 256
    yield "equal", [0.37] * 256
    yield "equal below zero", [-0.37] * 256
    yield "one of them", [0.0] * 100 + [1.5] + [0.0] * 155
    yield "above zero", [abs(normal()) + 0.1 for _ in range(256)]
    yield "below zero", [-abs(normal()) - 0.1 for _ in range(256)]
    yield "halves", [(i % 33 - 16) / 2 for i in range(256)]
    yield "eighths of 127", [((i * 7) % 255 - 127) * 0.5 for i in range(256)]
    yield "largest twice, plus first", [1.0, -1.0] * 128
    yield "largest twice, minus first", [-1.0, 1.0] * 128
    yield "outlier", [normal(0.02) for _ in range(255)] + [3.0]
    yield "outliers", [normal(0.02) * (100 if rng.random() < 0.02 else 1) for _ in range(256)]
    yield "groups of different sizes", [normal(10.0 ** (-(i // 16) / 2)) for i in range(256)]
    yield "a group of zeros", [0.0 if 32 <= i < 64 else normal(0.02) for i in range(256)]
    yield "groups of nothing beside one", [normal(1.0 if i < 32 else 1e-4) for i in range(256)]
    yield "subnormal halves", [normal(2e-6) for _ in range(256)]
    yield "below halves", [normal(1e-9) for _ in range(256)]
    yield "below floats", [normal(1e-40) for _ in range(256)]
    yield "large", [normal(9000.0) for _ in range(256)]
    yield "heavy tails", [normal() / max(abs(normal()), 0.05) for _ in range(256)]
    yield "a few values", [bf16(rng.choice([-0.5, -0.25, 0.0, 0.125, 0.5])) for _ in range(256)]
    for n in range(24):
        yield f"normal {n}", [normal(0.02) for _ in range(256)]
    for n in range(8):
        yield f"normal, bfloat16 {n}", [bf16(normal(0.02)) for _ in range(256)]
    for n in range(6):
        yield f"uniform {n}", [rng.uniform(-1, 1) for _ in range(256)]


names, values = [], array.array("f")
for name, block in kinds():
    names.append(name)
    values.extend(f32(x) for x in block)
out = bytearray(values.tobytes())
index = {"about": "What ggml of llama.cpp v0.5.0 makes of these floats; [offset, bytes] into ggml-encoded.bin; 256 floats of a kind.",
         "kinds": names, "source": [0, len(out)], "types": {}}
for name, (number, elements, size) in TYPES.items():
    base.ggml_quantize_init(number)
    raw = ctypes.create_string_buffer(len(values) // elements * size)
    address = values.buffer_info()[0]
    done = base.ggml_quantize_chunk(number, address, raw, 0, len(values) // 256, 256, None)
    assert done == len(raw), (name, done, len(raw))
    index["types"][name] = [len(out), len(raw)]
    out += raw.raw
open(HERE + "/ggml-encoded.bin", "wb").write(out)
json.dump(index, open(HERE + "/ggml-encoded.json", "w"), indent=1)
open(HERE + "/ggml-encoded.json", "a").write("\n")
