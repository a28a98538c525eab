using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Types of weights that keep their groups.</summary>
internal static class TypesOf
{
    /// <summary>Those of a file; all others BF16, as by default.</summary>
    public static MatrixTypes File(string path)
    {
        using var files = WeightFiles.Open(path);
        return MatrixTypes.OfFiles(files, DType.BF16);
    }
}
