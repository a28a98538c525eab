using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AkkaCp.Scheduling.Blocks;

/// <summary>
/// Names what a full KV block holds: SHA-256 over everything that its keys and values depend on. Names form a chain,
/// name(i) = SHA-256(name(i − 1) ‖ tokens of block i), behind a root over model, kernels, layout and salt. So equal names mean equal bits,
/// and nobody can make up tokens whose name is that of another salt's block.
/// </summary>
internal readonly record struct BlockName
{
    private readonly UInt128 _first;
    private readonly UInt128 _second;

    private BlockName(ReadOnlySpan<byte> hash) => (_first, _second) =
        (BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));

    /// <summary>What stands in front of a chain.</summary>
    /// <param name="content">What all blocks of a pool depend on beside tokens and salt.</param>
    /// <param name="salt">Keeps the blocks of those who trust each other apart from all others.</param>
    public static BlockName Root(string content, string salt)
    {
        // Each part is hashed by itself, so that nothing can move from one to the other.
        Span<byte> parts = stackalloc byte[2 * SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(content), parts);
        SHA256.HashData(Encoding.UTF8.GetBytes(salt), parts[SHA256.HashSizeInBytes..]);
        return Hash(parts);
    }

    /// <summary>The name of the block behind this one.</summary>
    /// <param name="tokens">All of its tokens.</param>
    public BlockName Next(ReadOnlySpan<int> tokens)
    {
        var bytes = new byte[SHA256.HashSizeInBytes + (sizeof(int) * tokens.Length)];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _first);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(16), _second);
        for (var i = 0; i < tokens.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(SHA256.HashSizeInBytes + (sizeof(int) * i)), tokens[i]);
        return Hash(bytes);
    }

    private static BlockName Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return new BlockName(hash);
    }
}
