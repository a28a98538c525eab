using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Quantized;

/// <summary>
/// The weights of a directory whose matrices are quantised, under the plain names: fp8, awq, gptq and compressed-tensors. Which matrices
/// are, their tensors say; what a quantised one holds is read as its values, in F32. Everything else is read as it is.
/// </summary>
internal sealed class QuantizedWeights : IWeightSource
{
    private readonly IWeightSource _files;
    private readonly Dictionary<string, QuantizedTensor> _quantised = new(StringComparer.Ordinal);
    private readonly HashSet<string> _parts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DType?> _packed = new(StringComparer.Ordinal);

    private QuantizedWeights(IWeightSource files, QuantizationConfig config)
    {
        _files = files;
        foreach (var (module, kind) in QuantizedModules.In(files))
            Add(QuantizedModules.Read(new QuantizedModule(files, config, module), kind));
    }

    /// <inheritdoc/>
    public string Path => _files.Path;

    /// <inheritdoc/>
    public string ConfigPath => _files.ConfigPath;

    /// <inheritdoc/>
    public string Identity => FormattableString.Invariant($"{_files.Identity} {File.GetLastWriteTimeUtc(ConfigPath).Ticks}");

    /// <inheritdoc/>
    public string ReadableTypes => _files.ReadableTypes;

    /// <inheritdoc/>
    public IEnumerable<WeightTensor> Tensors =>
        _files.Tensors.Where(tensor => !_parts.Contains(tensor.Name)).Concat(_quantised.Values);

    /// <summary>The same weights with their quantised matrices' values; as they are where none is quantised, or config.json says nothing
    /// of it. What cannot be read is disposed.</summary>
    /// <exception cref="ModelFormatException">A part of a quantised matrix is missing, or is not as the others need it.</exception>
    /// <exception cref="ModelConfigException">config.json says otherwise than the tensors.</exception>
    public static IWeightSource Over(IWeightSource files)
    {
        try
        {
            if (!QuantizedModules.In(files).Any())
                return files;
            if (QuantizationConfig.Read(files.ConfigPath) is { } config)
                return new QuantizedWeights(files, config);
            return QuantizedModules.In(files).FirstOrDefault(one => one.Kind > QuantizedKind.Bytes) is { Module: { } module }
                ? throw new ModelFormatException(
                    files.ConfigPath, QuantizationConfig.Key, $"the rules that {module} is packed by", "none")
                : files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public WeightTensor? Find(string tensor) =>
        _quantised.TryGetValue(tensor, out var quantised) ? quantised : _parts.Contains(tensor) ? null : _files.Find(tensor);

    /// <inheritdoc/>
    public void ReadRows(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<float> destination,
        Action<ReadOnlySpan<byte>>? stored = null)
    {
        if (!_quantised.TryGetValue(tensor, out var quantised))
        {
            _files.ReadRows(tensor, firstRow, rowCount, firstColumn, columnCount, destination, stored);
            return;
        }

        ReadValues(quantised, new Rectangle(firstRow, rowCount, firstColumn, columnCount), destination);
        stored?.Invoke(MemoryMarshal.AsBytes(destination));
    }

    /// <inheritdoc/>
    public DType? PackedTypeOf(WeightTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor is QuantizedTensor quantised
            ? _packed.GetOrAdd(quantised.Name, _ => QuantizedCodes.TypeOf(_files, quantised))
            : tensor.Type.Packed;
    }

    /// <inheritdoc/>
    public void ReadGroups(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, in GroupRows destination,
        Action<ReadOnlySpan<byte>>? stored = null)
    {
        var quantised = Quantised(tensor);
        if (PackedTypeOf(quantised) is not { } packed || GroupFormat.Of(packed) is not { } format)
            throw new ArgumentException($"{tensor} is not made of groups.", nameof(tensor));
        var part = Inside(quantised, firstRow, rowCount, firstColumn, columnCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(firstColumn % format.BlockInputs, 0, nameof(firstColumn));
        ArgumentOutOfRangeException.ThrowIfNotEqual(columnCount % format.BlockInputs, 0, nameof(columnCount));
        destination.RequireCount(format, part.Count);
        QuantizedCodes.ReadGroups(_files, quantised, format, part, destination, stored);
    }

    /// <inheritdoc/>
    public void ReadScaled(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<byte> codes, Span<float> scales,
        Action<ReadOnlySpan<byte>>? stored = null)
    {
        var quantised = Quantised(tensor);
        if (PackedTypeOf(quantised) is not { } packed || GroupFormat.Of(packed) is not null)
            throw new ArgumentException($"{tensor} has no codes with F32 scales.", nameof(tensor));
        var part = Inside(quantised, firstRow, rowCount, firstColumn, columnCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(codes.Length, part.Count, nameof(codes));
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            scales.Length, rowCount * packed.ScalesOf(columnCount), nameof(scales));
        QuantizedCodes.ReadScaled(_files, quantised, packed, part, codes, scales, stored);
    }

    /// <inheritdoc/>
    public void ReadStored(string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<byte> destination)
    {
        if (_quantised.TryGetValue(tensor, out var quantised))
        {
            var part = new Rectangle(firstRow, rowCount, firstColumn, columnCount);
            ReadValues(quantised, part, MemoryMarshal.Cast<byte, float>(destination));
        }
        else
        {
            _files.ReadStored(tensor, firstRow, rowCount, firstColumn, columnCount, destination);
        }
    }

    /// <summary>Closes all files.</summary>
    public void Dispose() => _files.Dispose();

    private void Add(QuantizedTensor tensor)
    {
        if (!_quantised.TryAdd(tensor.Name, tensor))
            throw new ModelFormatException(tensor.File, tensor.Name, "one quantised form", "two");
        _parts.UnionWith(tensor.Parts.Select(part => part.Name));
        if (!_parts.Contains(tensor.Name) && _files.Find(tensor.Name) is { } plain)
            throw new ModelFormatException(plain.File, tensor.Name, $"it once, as {tensor.Parts[0].Name} holds it too", "it twice");
    }

    private QuantizedTensor Quantised(string tensor) => _quantised.TryGetValue(tensor, out var quantised)
        ? quantised
        : throw new ArgumentException($"{tensor} is not quantised.", nameof(tensor));

    private static Rectangle Inside(QuantizedTensor tensor, long firstRow, int rowCount, long firstColumn, int columnCount)
    {
        RequireInside(tensor.Rows, firstRow, rowCount, nameof(firstRow));
        RequireInside(tensor.Columns, firstColumn, columnCount, nameof(firstColumn));
        return new Rectangle(firstRow, rowCount, firstColumn, columnCount);
    }

    private void ReadValues(QuantizedTensor tensor, Rectangle part, Span<float> destination)
    {
        Inside(tensor, part.FirstRow, part.Rows, part.FirstColumn, part.Columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, part.Count, nameof(destination));
        tensor.Read(_files, part, destination);
    }

    private static void RequireInside(long limit, long first, int count, string name)
    {
        if (first < 0 || count < 0 || first > limit - count)
            throw new ArgumentOutOfRangeException(name, $"{first}+{count}", $"the tensor has {limit}");
    }
}
