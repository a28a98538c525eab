using System.Text.Json;
using AkkaCp.Model.Sampling;

namespace AkkaCp.Model;

/// <summary>
/// What the model's authors recommend for generation: Hugging Face's <c>generation_config.json</c>. Keys that are absent or null
/// take their neutral value, keys that are unknown are passed over.
/// </summary>
public sealed record GenerationDefaults
{
    /// <summary>Name of the file in a model directory.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>Tokens that end an output (<c>eos_token_id</c>: one or several). Default none.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Padding token (<c>pad_token_id</c>). Default none.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>First token of every sequence (<c>bos_token_id</c>). Default none.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Whether tokens are drawn (<c>do_sample</c>) or the most probable is taken. Default false.</summary>
    public bool DoSample { get; init; }

    /// <summary>Most tokens of an output (<c>max_new_tokens</c>), in tokens. Default no limit of its own.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// Temperature, top-k, top-p, min-p and repetition penalty as given; temperature 0 where <see cref="DoSample"/> is false. An absent
    /// top_k is off, whatever default the reference library has for it.
    /// </summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>Reads the file of a model directory; a directory without one gives the defaults.</summary>
    /// <exception cref="ModelFormatException">Not JSON, not an object, a key of the wrong type or a number out of its range.</exception>
    public static GenerationDefaults Load(string modelDirectory)
    {
        var file = Path.Combine(modelDirectory, FileName);
        return File.Exists(file) ? Parse(file, File.ReadAllBytes(file)) : new GenerationDefaults();
    }

    private static GenerationDefaults Parse(string file, byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Read(new GenerationKeys(file, document.RootElement));
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(file, "whole file", "JSON without duplicate keys", e.Message, e);
        }
    }

    private static GenerationDefaults Read(GenerationKeys keys)
    {
        var doSample = keys.Boolean("do_sample") ?? false;
        return new GenerationDefaults
        {
            EosTokenIds = keys.TokenIds("eos_token_id"),
            PadTokenId = keys.Integer("pad_token_id", 0),
            BosTokenId = keys.Integer("bos_token_id", 0),
            DoSample = doSample,
            MaxNewTokens = keys.Integer("max_new_tokens", 1),
            Sampling = ReadSampling(keys, doSample),
        };
    }

    private static SamplingOptions ReadSampling(GenerationKeys keys, bool doSample)
    {
        var given = new SamplingOptions
        {
            Temperature = keys.Number("temperature") ?? 1,
            TopK = keys.Integer("top_k", 0) ?? 0,
            TopP = keys.Number("top_p") ?? 1,
            MinP = keys.Number("min_p") ?? 0,
            RepetitionPenalty = keys.Number("repetition_penalty") ?? 1,
        };
        var problems = given.Problems(vocabSize: int.MaxValue);
        if (problems.Count > 0)
            throw new ModelFormatException(keys.File, "sampling keys", "numbers in their ranges", string.Join("; ", problems));
        return doSample ? given : given with { Temperature = 0 };
    }
}
