using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>Turns whole blocks into the floats that they stand for.</summary>
/// <param name="blocks">Blocks, one behind the other.</param>
/// <param name="values">All their values.</param>
internal delegate void BlockDecoder(ReadOnlySpan<byte> blocks, Span<float> values);

/// <summary>A type of ggml whose tensors can be read.</summary>
/// <param name="Id">Its number in files.</param>
/// <param name="Stored">Name, and size of a block.</param>
/// <param name="Decode">Every value is the F32 value that the type's formula gives.</param>
internal sealed record BlockType(int Id, WeightType Stored, BlockDecoder Decode);
