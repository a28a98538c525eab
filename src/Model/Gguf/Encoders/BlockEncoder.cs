using AkkaCp.Model.Gguf.Blocks;

namespace AkkaCp.Model.Gguf.Encoders;

/// <summary>Turns floats into whole blocks.</summary>
/// <param name="values">All values of the blocks; finite.</param>
/// <param name="blocks">The blocks, one behind the other; every byte is written.</param>
internal delegate void BlockEncoder(ReadOnlySpan<float> values, Span<byte> blocks);

/// <summary>A type of ggml whose tensors can be written.</summary>
/// <param name="Type">Its number, name and sizes.</param>
/// <param name="Largest">The largest magnitude that it is given: beyond, its half-precision parts may be infinite.</param>
/// <param name="Encode">The blocks are llama.cpp's own for the same values, without an importance matrix.</param>
internal sealed record EncodedType(BlockType Type, float Largest, BlockEncoder Encode);
