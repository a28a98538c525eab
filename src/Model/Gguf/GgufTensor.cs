using AkkaCp.Model.Gguf.Blocks;

namespace AkkaCp.Model.Gguf;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">How its values lie.</param>
/// <param name="Dims">Elements, those that lie side by side first; 1 to 4 of them, none 0.</param>
/// <param name="Offset">First byte, counted from the beginning of the data.</param>
/// <param name="Bytes">Bytes of all its blocks.</param>
internal sealed record GgufTensor(string Name, BlockType Type, IReadOnlyList<long> Dims, long Offset, long Bytes);
