using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>Turns whole blocks into the floats that they stand for.</summary>
/// <param name="blocks">Blocks, one behind the other.</param>
/// <param name="values">All their values.</param>
internal delegate void BlockDecoder(ReadOnlySpan<byte> blocks, Span<float> values);

/// <summary>Takes whole blocks apart into codes and scales.</summary>
/// <param name="blocks">Blocks, one behind the other.</param>
/// <param name="groups">Theirs, in the same order.</param>
internal delegate void BlockUnpacker(ReadOnlySpan<byte> blocks, in GroupRows groups);

/// <summary>A type of ggml whose tensors can be read.</summary>
/// <param name="Id">Its number in files.</param>
/// <param name="Stored">Name, and size of a block.</param>
/// <param name="Decode">Every value is the F32 value that the type's formula gives.</param>
/// <param name="Unpack">Into the form of <see cref="WeightType.Packed"/>; null where that is null.</param>
internal sealed record BlockType(int Id, WeightType Stored, BlockDecoder Decode, BlockUnpacker? Unpack = null);
