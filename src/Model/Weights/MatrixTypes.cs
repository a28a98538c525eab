using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>
/// The types of a model's matrices in memory: quantised ones keep their codes and scales where a packed form has them as they are
/// (<see cref="IWeightSource.PackedTypeOf"/>), all others have one type, whatever the files have. Immutable.
/// </summary>
public sealed class MatrixTypes
{
    // Products over groups have the same bits with all kernels.
    private const string GroupNumerics = "q:i32-g";

    private readonly Dictionary<string, DType> _packed;

    private MatrixTypes(DType others, Dictionary<string, DType> packed)
    {
        (Others, _packed) = (others, packed);
        LayersWithCodes = packed.Keys.Select(DimensionCheck.LayerOf).DefaultIfEmpty(-1).Max() + 1;
    }

    /// <summary>Type of matrices that keep no codes.</summary>
    public DType Others { get; }

    /// <summary>Their name as model.dtype has it.</summary>
    public string OthersName => Others switch
    {
        DType.F32 => "float32",
        DType.I8 => "int8",
        DType.Q4 => "int4",
        _ => "bfloat16",
    };

    /// <summary>Type of what no product reads, and of matrices that a cut keeps from <see cref="Others"/>.</summary>
    public DType Plain => Others == DType.F32 ? DType.F32 : DType.BF16;

    /// <summary>Whether any matrix keeps its codes and scales.</summary>
    public bool KeepsCodes => _packed.Count > 0;

    /// <summary>Whether any matrix is multiplied as integers.</summary>
    public bool HasIntegers => Others is DType.I8 or DType.Q4 || _packed.Values.Any(type => type != DType.F8);

    /// <summary>Layers up to the last one that has such a matrix; the others are alike.</summary>
    internal int LayersWithCodes { get; }

    /// <summary>One type for all.</summary>
    public static MatrixTypes All(DType dtype) => new(dtype, []);

    /// <summary>Those of the files, as far as a packed form has them.</summary>
    /// <param name="files">The weights.</param>
    /// <param name="others">Type of all others.</param>
    /// <exception cref="Text.Files.ModelFormatException">A file changed its length, or its scales are none.</exception>
    public static MatrixTypes OfFiles(IWeightSource files, DType others)
    {
        var packed = new Dictionary<string, DType>(StringComparer.Ordinal);
        foreach (var tensor in files.Tensors)
        {
            if (files.PackedTypeOf(tensor) is { } type)
                packed.Add(tensor.Name, type);
        }

        return new MatrixTypes(others, packed);
    }

    /// <summary>One type for all, as <see cref="All"/> makes it.</summary>
    public static implicit operator MatrixTypes(DType dtype) => All(dtype);

    /// <summary>What decides of the products' bits, in words: equal where these are equal, of the same files.</summary>
    public override string ToString() => KeepsCodes ? $"{GroupNumerics}, others {Others}" : $"{Others}";

    /// <summary>The type of a matrix of these rows: slices of one packed type, cut between scales, keep it.</summary>
    internal DType Of(IReadOnlyList<TensorSlice> slices) =>
        PackedOf(slices[0]) is { } packed && slices.All(slice => PackedOf(slice) == packed && IsBetweenScales(slice, packed))
            ? packed
            : slices.All(slice => IsBetweenScales(slice, Others)) ? Others : Plain;

    /// <summary>The packed type of a tensor, which its matrix has where nothing is in the way; null for any other.</summary>
    internal DType? PackedOf(TensorSlice slice) => _packed.TryGetValue(slice.Tensor, out var packed) ? packed : null;

    private static bool IsBetweenScales(TensorSlice slice, DType packed)
    {
        var block = packed == DType.F8 ? DTypes.F8Inputs : GroupFormat.Of(packed)?.BlockInputs ?? 1;
        return slice.FirstColumn % block == 0
            && (slice.ColumnCount % block == 0 || (packed == DType.F8 && slice.FirstColumn + slice.ColumnCount == slice.Shape[^1]));
    }
}
