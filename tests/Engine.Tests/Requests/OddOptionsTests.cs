using AkkaCp.Engine.Composition;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Requests;

/// <summary>Whatever a program leaves out or puts into the options: they are taken, or the exception names the key.</summary>
public class OddOptionsTests
{
    private static readonly EngineOptions s_options = new()
    {
        ModelPath = RepositoryFiles.DemoModel,
        Overrides = new Dictionary<string, string> { ["akka-cp.scheduler.chunk-tokens"] = "64" },
    };

    [Fact]
    public void NullsAndDefaultsInAnyProperty_AreTakenOrNamed()
    {
        var (taken, refused, wrong) = (0, 0, new List<string>());
        foreach (var (path, odd) in Variants.Of("", typeof(EngineOptions), s_options).Where(one => one.Path.Length > 0))
        {
            try
            {
                EngineSpec.Create((EngineOptions)odd!);
                taken++;
            }
            catch (SettingsException error)
            {
                refused++;
                if (!error.Problems.Any(problem => IsNamed(path, problem)))
                    wrong.Add($"{path}: {error.Message}");
            }
#pragma warning disable CA1031 // Any other exception is a mistake.
            catch (Exception error)
#pragma warning restore CA1031
            {
                wrong.Add($"{path}: {error}");
            }
        }

        Assert.Empty(wrong);
        Assert.True(taken > 10 && refused > 20, $"{taken} taken, {refused} refused");
    }

    [Fact]
    public void OverridesWithoutAKey_AreNamed()
    {
        foreach (var key in new[] { "", " ", "=", "a=b", "akka-cp", "\0" })
        {
            var error = Assert.Throws<SettingsException>(
                () => EngineSpec.Create(s_options with { Overrides = new Dictionary<string, string> { [key] = "1" } }));
            Assert.All(error.Problems, problem => Assert.DoesNotContain('\n', problem));
        }
    }

    // A property stands for a key: attn_cp for akka-cp.parallel.attn-cp; the values of overrides are those of their keys.
    private static bool IsNamed(string path, string problem)
    {
        var words = path.Replace('_', '-');
        return problem.Contains(words, StringComparison.Ordinal) || (path, problem) switch
        {
            ("model_path", _) => problem.Contains("model.path", StringComparison.Ordinal),
            ("config_file", _) => problem.Contains("configuration file", StringComparison.Ordinal),
            ("overrides", _) => problem.Contains("chunk-tokens", StringComparison.Ordinal),
            ("min_cp_tokens", _) => problem.Contains("min-tokens", StringComparison.Ordinal),
            _ => false,
        };
    }
}
