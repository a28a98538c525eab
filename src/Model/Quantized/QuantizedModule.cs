using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Quantized;

/// <summary>A quantised linear layer on its way to a <see cref="QuantizedTensor"/>: its parts, and what config.json says of it.</summary>
/// <param name="files">All tensors as they are stored.</param>
/// <param name="config">The file's rules.</param>
/// <param name="name">Name of the layer, without an ending.</param>
internal sealed class QuantizedModule(IWeightSource files, QuantizationConfig config, string name)
{
    private const string Integers = "I32";
    private const string TwoDimensions = "a shape of two dimensions above 0";

    private readonly List<WeightTensor> _parts = [];

    /// <summary>The file's rules.</summary>
    public QuantizationConfig Config => config;

    /// <summary>Tensors that were asked for and are there.</summary>
    public IReadOnlyList<WeightTensor> Parts => _parts;

    /// <summary>Name of the plain matrix.</summary>
    public string Weight => name + ".weight";

    /// <summary>A part that may be missing.</summary>
    public WeightTensor? Find(string ending)
    {
        var part = files.Find($"{name}.{ending}");
        if (part is not null && !_parts.Contains(part))
            _parts.Add(part);
        return part;
    }

    /// <exception cref="ModelFormatException">The part is missing, or is no matrix.</exception>
    public WeightTensor Matrix(string ending)
    {
        var part = Part(ending);
        return part.Shape.Count == 2 && !part.Shape.Contains(0) ? part : throw Wrong(part, TwoDimensions, part.ShapeText);
    }

    /// <summary>As <see cref="Matrix"/>, of 32-bit words.</summary>
    public WeightTensor Words(string ending)
    {
        var part = Matrix(ending);
        return part.Type.Name == Integers ? part : throw Wrong(part, $"dtype {Integers}", part.Type.Name);
    }

    /// <exception cref="ModelFormatException">The part is missing, or no float.</exception>
    public WeightTensor Floats(string ending)
    {
        var part = Part(ending);
        return part.Type.IsReadable ? part : throw Wrong(part, $"dtype {files.ReadableTypes}", part.Type.Name);
    }

    /// <summary>As <see cref="Floats"/>, in rows and columns.</summary>
    public WeightTensor FloatMatrix(string ending)
    {
        Matrix(ending);
        return Floats(ending);
    }

    /// <summary>Two numbers of 64 bits.</summary>
    public (long Rows, long Columns) Pair(string ending)
    {
        var part = Part(ending);
        if (part.Type.Name != "I64" || !part.Shape.SequenceEqual([2L]))
            throw Wrong(part, "I64 of shape [2]", $"{part.Type.Name} of shape {part.ShapeText}");
        var bytes = new byte[16];
        files.ReadStored(part.Name, 0, 1, 0, 2, bytes);
        return (BitConverter.ToInt64(bytes), BitConverter.ToInt64(bytes, 8));
    }

    /// <summary>Groups of inputs, one number for each input; null where there is none.</summary>
    public string? GroupIndex(string ending, long inputs)
    {
        if (Find(ending) is not { } index)
            return null;
        RequireShape(index, $"one group for each of {inputs} inputs", inputs);
        return index.Type.Name == Integers ? index.Name : throw Wrong(index, $"dtype {Integers}", index.Type.Name);
    }

    /// <exception cref="ModelFormatException">The part has another shape.</exception>
    public static void RequireShape(WeightTensor part, string why, params ReadOnlySpan<long> shape)
    {
        if (!part.Shape.SequenceEqual(shape.ToArray()))
            throw Wrong(part, $"shape [{string.Join(", ", shape.ToArray())}], {why}", $"shape {part.ShapeText}");
    }

    /// <summary>Inputs of a group, when a row has so many groups.</summary>
    public static long GroupSize(WeightTensor scales, long inputs, long groups) => inputs % groups == 0
        ? inputs / groups
        : throw Wrong(scales, $"groups that divide {inputs} inputs", $"{groups}");

    /// <exception cref="ModelConfigException">The method of config.json is none of these.</exception>
    public void RequireMethod(WeightTensor witness, params ReadOnlySpan<string> methods)
    {
        if (!methods.Contains(config.Method))
            throw Otherwise("quant_method", string.Join(" or ", methods.ToArray()), witness, config.Method);
    }

    /// <exception cref="ModelConfigException">config.json says that this layer is not quantised.</exception>
    public void RequireMeant(WeightTensor witness)
    {
        if (config.Ignored.Contains(name))
        {
            var key = config.Method == "compressed-tensors" ? "ignore" : "modules_to_not_convert";
            throw Otherwise(key, $"nothing of {name}", witness, name);
        }

        if (config.LmHead == false && name == "lm_head")
            throw Otherwise("lm_head", "true", witness, "false");
    }

    /// <exception cref="ModelConfigException">config.json has other bits or groups than the tensors.</exception>
    public void RequireGroups(WeightTensor witness, int bits, long groupSize, long inputs)
    {
        if (config.HasOverrides)
            return;
        if (config.Bits is { } said && said != bits)
            throw Otherwise("bits", $"{bits}", witness, $"{said}");
        if (config.GroupSize is { } size && (size == -1 ? inputs : size) != groupSize)
            throw Otherwise("group_size", $"{groupSize}", witness, $"{size}");
    }

    /// <exception cref="ModelConfigException">compressed-tensors has no such scheme.</exception>
    public void RequireScheme(WeightTensor witness, string what, Func<QuantizationScheme, bool> isIt)
    {
        if (!config.Schemes.IsEmpty && !config.Schemes.Any(isIt))
            throw Otherwise("config_groups", what, witness, "no such weights");
    }

    public static ModelFormatException Wrong(WeightTensor part, string expected, string found) =>
        new(part.File, part.Name, expected, found);

    private ModelConfigException Otherwise(string key, string expected, WeightTensor witness, string found) => new(
        files.ConfigPath,
        [$"{QuantizationConfig.Key}.{key}: expected {expected}, as {witness.Name} {witness.ShapeText} has it, found {found}"]);

    private WeightTensor Part(string ending) => Find(ending) ?? throw new ModelFormatException(
        _parts.Count > 0 ? _parts[0].File : files.Path, $"{name}.{ending}", "a tensor of this name", "none");
}
