using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Ending;
using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Engine.Composition;

/// <summary>What a model's files say, good and bad, found out without loading weights.</summary>
internal sealed class ModelFindings
{
    private const int MostNames = 5;

    private readonly List<string> _problems = [];
    private readonly List<string> _notes = [];

    private ModelFindings(EngineSpec spec)
    {
        var (files, config) = (spec.Files, spec.Model);
        Spec = spec;
        AddKeys("config.json: keys that are missing stand as in transformers: ", config.AssumedKeys);
        AddKeys("config.json: keys that are not known here are passed over: ", config.UnknownKeys);
        var tokenizer = Try(() => Tokenizer.Load(files));
        AddKeys(
            $"tokenizer.json: added tokens beyond the model's vocab_size {config.VocabSize}, which no prompt can have: ",
            tokenizer is null ? [] : Try(() => tokenizer.RequireFits(config.VocabSize)) ?? []);
        var template = Try(() => ChatTemplate.Load(files));
        var defaults = Try(() => GenerationDefaults.Load(files));
        _notes.AddRange(tokenizer?.Notes ?? []);
        AddKeys($"{GenerationDefaults.FileName}: keys that are not known here are passed over: ", defaults?.UnknownKeys ?? []);
        if (tokenizer is not null && defaults is not null)
        {
            var ends = Model.Ending.EndTokens.Find(config, defaults, tokenizer, template);
            EndTokens = ends.Tokens;
            _notes.AddRange(ends.Notes);
        }

        using var weights = Try(() => WeightFiles.Open(files.Path));
        StoredTypes = weights?.StoredTypes() ?? [];
        if (weights is null || Try(() => WeightFiles.Check(files.Path, config)) is not { } passedOver)
            return;
        AddKeys("weights: tensors that the model does not have are passed over: ", passedOver);
        Spec = spec.OverFiles().Spec;
        WeightForms = Model.Weights.WeightForms.Of(weights, config, spec.Shards, Spec.Types);
    }

    /// <summary>Everything that is wrong: an engine with such a model may not start, or not chat.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What is right but may be meant otherwise.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Tokens that end an answer; none where the files that name them cannot be read.</summary>
    public IReadOnlyList<EndToken> EndTokens { get; } = [];

    /// <summary>What the weights' files hold of each type; nothing where they cannot be read.</summary>
    public IReadOnlyList<StoredType> StoredTypes { get; } = [];

    /// <summary>What becomes of quantised weights in memory; nothing where they cannot be read.</summary>
    public IReadOnlyList<WeightForm> WeightForms { get; } = [];

    /// <summary>The spec over the weights' files; as it was given where they cannot be read.</summary>
    public EngineSpec Spec { get; }

    /// <summary>Reads the files of a model.</summary>
    public static ModelFindings Of(EngineSpec spec) => new(spec);

    /// <summary>Reads all weights; each tensor with NaN or infinities is a problem.</summary>
    public void ScanWeights(string path, CancellationToken cancellationToken)
    {
        using var files = Try(() => WeightFiles.Open(path));
        foreach (var (tensor, count) in Try(() => files?.FindNonFinite(cancellationToken).ToList() ?? []) ?? [])
            _problems.Add($"{tensor}: expected finite numbers, found {count} NaN or infinite");
    }

    private void AddKeys(string what, IReadOnlyList<string> keys)
    {
        if (keys.Count > 0)
        {
            _notes.Add(what + string.Join(", ", keys.Take(MostNames))
                + (keys.Count > MostNames ? $" and {keys.Count - MostNames} more" : ""));
        }
    }

    private T? Try<T>(Func<T> read) where T : class
    {
        try
        {
            return read();
        }
        catch (ModelConfigException error)
        {
            // Several readers read one file and say the same of it.
            _problems.AddRange(error.Reasons.Select(reason => $"{error.File}: {reason}").Except(_problems));
            return null;
        }
        catch (Exception error) when (error is ModelFormatException or TemplateException)
        {
            if (!_problems.Contains(error.Message))
                _problems.Add(error.Message);
            return null;
        }
    }
}
