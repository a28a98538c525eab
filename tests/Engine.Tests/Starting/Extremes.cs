using System.Globalization;
using System.Text.RegularExpressions;
using AkkaCp.Engine.Composition;
using AkkaCp.Settings;
using AkkaCp.Text.Files;

namespace AkkaCp.Engine.Tests.Starting;

/// <summary>What becomes of a start whose one value is at a bound or far beyond it: it works, or says whose value it is.</summary>
internal static partial class Extremes
{
    // What a plan and its refusal may take of managed memory, whatever the numbers say.
    private const long MostManagedBytes = 64L << 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    // Always the same machine, so that it decides the same everywhere.
    private static readonly SystemLimits s_machine = new() { Total = 16L << 30, Available = 8L << 30, Threads = 2000 };

    /// <summary>What is wrong with the plan for some options, and null otherwise.</summary>
    /// <param name="name">What a refusal must name.</param>
    /// <param name="options">The options.</param>
    /// <param name="refusal">The refusal; null where the plan is accepted.</param>
    public static string? OfPlan(string name, EngineOptions options, out string? refusal)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        refusal = null;
        try
        {
            EngineSpec.Create(options).OverFiles();
            EngineSpec.Create(options).NeedHere.RequireFits(s_machine);
        }
        catch (SettingsException error)
        {
            refusal = error.Message;
        }
#pragma warning disable CA1031 // Any other exception is the mistake that is looked for.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return error.ToString();
        }

        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        if (bytes > MostManagedBytes)
            return $"{bytes} bytes were taken by the spec";
        return refusal is null || IsNamed(name, refusal) ? null : refusal;
    }

    /// <summary>What is wrong with a start and one request, and null otherwise.</summary>
    public static async Task<string?> OfStartAsync(string name, EngineOptions options)
    {
        var resources = new TestResources();
        var need = EngineSpec.Create(options).NeedHere;
        try
        {
            await using var engine = await InferenceEngine.StartAsync(options with { Resources = resources }).WaitAsync(s_patience);
            var request = new GenerationRequest { Tokens = [1, 2, 3, 4, 5], MaxTokens = 2, IgnoreEos = true };
            await TestModel.ToListAsync(engine.GenerateAsync(request)).WaitAsync(s_patience);
        }
        catch (GenerationException)
        {
            // The request's own end: a context of one token, a step's time that is too short.
        }
        catch (Exception error)
            when (error is SettingsException or ModelFormatException or TimeoutException && IsNamed(name, error.Message))
        {
            return null;
        }
#pragma warning disable CA1031 // Any other exception is the mistake that is looked for.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return error.ToString();
        }

        var most = (2 * (need.WeightBytes + need.KvBytes + need.ScratchBytes)) + (64L << 20);
        return resources.Bytes <= most ? null : $"{resources.Bytes} bytes were taken, {most} at most expected";
    }

    /// <summary>The ends of the ranges that a refusal tells ("from 1 to 4096").</summary>
    public static IEnumerable<string> BoundsIn(string refusal) =>
        RangePattern().Matches(refusal).SelectMany(match => new[] { match.Groups[1].Value, match.Groups[2].Value })
            .Where(bound => double.Parse(bound, CultureInfo.InvariantCulture) < int.MaxValue);

    // A layout's problems call parallel.attn-cp attn_cp, and its ranks attn_tp.
    private static bool IsNamed(string name, string message)
    {
        var last = name[(name.LastIndexOf('.') + 1)..];
        return new[] { last, last.Replace('-', '_'), $"attn_{last}", $"moe_{last}" }.Any(
            word => Regex.IsMatch(message, $"(?<![a-z_-]){Regex.Escape(word)}(?![a-z_-])"));
    }

    [GeneratedRegex("([0-9.E+-]+)(?: bytes)? to ([0-9.E+-]*[0-9])")]
    private static partial Regex RangePattern();
}
