using System.Collections.Immutable;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace AkkaCp.Model.Weights;

/// <summary>
/// The hash of a run of rows of a stored tensor, or of the columns of them that a rank reads: XxHash128 of the bytes as they are in the
/// file. It tells damaged copies and other models apart; it is no proof against somebody who builds a collision.
/// </summary>
/// <param name="Piece">Tensor and place in it, such as <c>lm_head.weight, rows 0 to 1023</c>; the tensor alone when it is whole.</param>
/// <param name="Hash">The hash.</param>
public readonly record struct WeightHash(string Piece, UInt128 Hash)
{
    /// <summary>The hash in 32 hexadecimal digits.</summary>
    public string HashText => Hash.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>One hash over all; 0 for none.</summary>
    /// <param name="hashes">In ordinal order of their pieces.</param>
    public static UInt128 DigestOf(ImmutableArray<WeightHash> hashes)
    {
        if (hashes.IsEmpty)
            return UInt128.Zero;
        var digest = new XxHash128();
        foreach (var hash in hashes)
            digest.Append(Encoding.UTF8.GetBytes($"{hash.Piece} {hash.HashText}\n"));
        return digest.GetCurrentHashAsUInt128();
    }
}
